import type { BenchContext } from '../benchmark.ts';
import { quoted, run } from '../commands.ts';

/** The shell command that makes an ext4 disk of a directory, as other image builders do. */
export function mke2fsLine(directory: string, disk: string, diskSize: string): string {
  return `mke2fs -q -t ext4 -d ${directory} ${quoted(disk)} ${diskSize}`;
}

export interface DiskOfDirectory {
  readonly directory: string;
  readonly disk: string;
  readonly diskSize: string;
}

/** Makes an ext4 disk, sparse, of all in a directory. */
export async function makeDisk(context: BenchContext, options: DiskOfDirectory): Promise<void> {
  const { directory, disk, diskSize } = options;
  await run(context, {
    argv: ['mke2fs', '-q', '-t', 'ext4', '-d', directory, disk, diskSize],
  });
}
