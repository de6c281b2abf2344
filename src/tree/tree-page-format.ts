/** Numbers of the pages that a tree is stored in; `tree-page.ts` says what they mean. They are part of the image format. */
export const pageVersion = 1;
export const blockBytes = 4096;
export const digestLength = 32;
/** What a signed varint can say. A disk holds no time beyond the year 2446. */
export const earliestSec = -(2 ** 52);
export const latestSec = 2 ** 52 - 1;
/** The fewest bytes that each of what is counted takes. */
export const minEntryBytes = 3;
export const minXattrBytes = 2;
export const minRunBytes = 2 + digestLength;

export const kinds = {
  directory: 0,
  zeros: 1,
  small: 2,
  chunked: 3,
  symlink: 4,
  storedSymlink: 5,
  char: 6,
  block: 7,
  fifo: 8,
  socket: 9,
  hardlink: 10,
} as const;
export const pipeKinds = new Map<number, 'fifo' | 'socket'>([
  [kinds.fifo, 'fifo'],
  [kinds.socket, 'socket'],
]);
