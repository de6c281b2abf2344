import { AshlarError } from '../errors/ashlar-error.ts';
import { headerFormat, isZeroBlock, verifyChecksum } from './header-block.ts';

const headerBytes = 512;

/** Whether bytes begin with the header of an archive: one with the mark of ustar or GNU tar and a right checksum. */
export function looksLikeTar(head: Buffer): boolean {
  if (head.length < headerBytes) return false;
  const block = head.subarray(0, headerBytes);
  if (isZeroBlock(block) || headerFormat(block) === 'v7') return false;
  try {
    verifyChecksum(block, { label: 'the file', offsetBytes: 0, path: undefined });
    return true;
  } catch (error) {
    if (error instanceof AshlarError && error.code === 'layer_invalid') return false;
    throw error;
  }
}
