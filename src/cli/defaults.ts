/** Size of the virtual disk where none is asked for. It is sparse: empty space costs nothing. */
export const defaultDiskSize = '10G';
