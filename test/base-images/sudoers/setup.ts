import type { MemoryFile } from '../../../base-images/files/memory-files.ts';

/** A sudoers set-up for a judge and for the real programs: what lies in /etc, and what is asked. */
export interface Setup {
  /** By path below /etc. */
  readonly files: Readonly<Record<string, MemoryFile>>;
  readonly probes: readonly Probe[];
}

export interface Probe {
  readonly user: 'dev' | 'alice' | 'root';
  readonly runAs?: string;
  readonly runAsGroup?: string;
  readonly command: readonly [string, ...string[]];
}

export const host = 'testhost';

/** Added to those that the system has. */
export const passwdLines = ['dev:x:1234:1234::/tmp:/bin/sh', 'alice:x:1235:1235::/tmp:/bin/sh'];
export const groupLines = [
  'dev:x:1234:',
  'alice:x:1235:',
  'ops:x:2000:dev',
  'wheel:x:2001:alice,dev',
];
