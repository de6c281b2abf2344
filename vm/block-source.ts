/** A read-only disk of which any range can be read at any time; the room knows nothing of where it comes from. */
export interface BlockSource {
  /** A multiple of 64 KiB. */
  readonly sizeBytes: number;
  /**
   * Gives exactly `lengthBytes` bytes at `offset`, both inside the disk; several reads may run at once.
   * Failures are AshlarErrors that name the image or file.
   */
  read(offset: number, lengthBytes: number): Promise<Buffer>;
}
