import { constants } from 'node:fs';
import { access, open, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { AshlarError, createOwnedTempDir, runCommand, systemErrorCode } from '../../src/index.ts';
import type { Platform } from '../platform.ts';
import { fetchPackages } from './debian-package.ts';

/** What the guest's scripts run; xzcat unpacks modules on the host. */
export const guestApplets = [
  'cat',
  'chroot',
  'cp',
  'env',
  'insmod',
  'ip',
  'kill',
  'ln',
  'mkdir',
  'mkfifo',
  'mount',
  'nsenter',
  'poweroff',
  'printf',
  'readlink',
  'setsid',
  'sh',
  'sleep',
  'su',
  'switch_root',
  'time',
  'usleep',
  'xzcat',
] as const;

const packageName = 'busybox-static';

export interface BusyboxSearch {
  /** `ASHLAR_HOME/vm`; a downloaded busybox is kept there. */
  readonly vmDir: string;
  /** Root directory of the host's programs. */
  readonly hostRoot: string;
  readonly platform: Platform;
}

const places = ['bin/busybox', 'usr/bin/busybox'] as const;

/** The path of a static busybox with all of `guestApplets`: the host's own, else one downloaded before; null where there is neither. */
export async function busyboxAtHand(search: BusyboxSearch): Promise<string | null> {
  const found = places.map((place) => join(search.hostRoot, place));
  for (const path of [...found, join(search.vmDir, 'busybox')]) {
    if (await isUsable(path, search.platform)) return path;
  }
  return null;
}

/** The same, else one that is downloaded now from the package busybox-static. Throws `vm_parts_missing`. */
export async function findBusybox(search: BusyboxSearch): Promise<string> {
  const atHand = await busyboxAtHand(search);
  if (atHand !== null) return atHand;
  const kept = join(search.vmDir, 'busybox');
  await using staging = await createOwnedTempDir(search.vmDir, 'vm');
  await fetchPackages([packageName], staging.path);
  for (const place of places) {
    const path = join(staging.path, 'root', place);
    if (!(await isUsable(path, search.platform))) continue;
    await rename(path, kept);
    return kept;
  }
  throw new AshlarError(
    'vm_parts_missing',
    `the package ${packageName} holds no static busybox with the applets that the guest needs`,
    { data: { package: packageName, applets: [...guestApplets] } },
  );
}

async function isUsable(path: string, platform: Platform): Promise<boolean> {
  try {
    await access(path, constants.R_OK | constants.X_OK);
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === 'ENOENT' || code === 'EACCES' || code === 'ENOTDIR') return false;
    throw error;
  }
  if (!(await isStaticElf(path, platform.elfMachine))) return false;
  const listing = await runCommand(path, ['--list'], { timeoutMs: 10_000 });
  const applets = new Set(listing.stdout.toString('utf8').split('\n'));
  return guestApplets.every((applet) => applets.has(applet));
}

const interpreterSegment = 3;

/** A 64-bit little-endian ELF file for `machine` without a PT_INTERP segment (gABI, "Program Header"). */
async function isStaticElf(path: string, machine: number): Promise<boolean> {
  await using file = await open(path, 'r');
  const head = Buffer.alloc(4096);
  const { bytesRead } = await file.read(head, 0, head.length, 0);
  if (bytesRead < 64 || head.readUInt32BE(0) !== 0x7f454c46 || head[4] !== 2 || head[5] !== 1) {
    return false;
  }
  if (head.readUInt16LE(18) !== machine) return false;
  const tableOffset = Number(head.readBigUInt64LE(32));
  const entryBytes = head.readUInt16LE(54);
  const count = head.readUInt16LE(56);
  if (entryBytes < 4 || tableOffset + count * entryBytes > bytesRead) return false;
  return !Array.from({ length: count }, (_, index) =>
    head.readUInt32LE(tableOffset + index * entryBytes),
  ).includes(interpreterSegment);
}
