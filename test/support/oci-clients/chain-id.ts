import { createHash } from 'node:crypto';

/**
 * The name by which docker and containerd know the unpacked layers of an image together (OCI image specification,
 * config.md, "Layer ChainID").
 */
export function chainIdOf(diffIds: readonly string[]): string {
  return diffIds.reduce((chain, diffId) => {
    const both = createHash('sha256').update(`${chain} ${diffId}`);
    return `sha256:${both.digest('hex')}`;
  });
}
