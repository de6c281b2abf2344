import { statfs } from 'node:fs/promises';
import { AshlarError } from '../../src/index.ts';
import type { ObjectCache } from '../../src/network.ts';

/** The disk of what is being fetched. */
export interface SpoolRoom {
  /**
   * Sees to it that so much will fit besides what is being fetched already, with room made for it by what was used longest ago.
   * Throws `disk_full` where that does not help.
   */
  reserve(subject: string, sizeBytes: number): Promise<Disposable>;
}

/** A disk needs more than the bytes of a file. */
const slackBytes = 1024 * 1024;

export function createSpoolRoom(directory: string, cache: Pick<ObjectCache, 'free'>): SpoolRoom {
  let reservedBytes = 0;
  const missingBytes = async (): Promise<number> => {
    const { bavail, bsize } = await statfs(directory);
    // What has come of the others is counted twice: there is rather a little more room than too little.
    return reservedBytes + slackBytes - bavail * bsize;
  };
  return {
    async reserve(subject, sizeBytes) {
      reservedBytes += sizeBytes;
      const release = (): void => void (reservedBytes -= sizeBytes);
      try {
        const wantedBytes = await missingBytes();
        if (wantedBytes > 0) await cache.free(wantedBytes);
        if (wantedBytes > 0 && (await missingBytes()) > 0)
          throw new AshlarError('disk_full', `no room for the ${sizeBytes} bytes of ${subject}`);
      } catch (error) {
        release();
        throw error;
      }
      return { [Symbol.dispose]: release };
    },
  };
}
