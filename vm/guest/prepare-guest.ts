import { createHash } from 'node:crypto';
import { copyFile, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  AshlarError,
  createOwnedTempDir,
  systemErrorCode,
  writeFileAtomic,
} from '../../src/index.ts';
import { hostPlatform } from '../platform.ts';
import { readRecordFile } from '../record-file.ts';
import { findBusybox } from './find-busybox.ts';
import { findKernel, type GuestKernel } from './find-kernel.ts';
import { parseKernelRecord, type InputFile, type KernelRecord } from './kernel-record.ts';
import { encodeInitramfs, readGuestScripts, type GuestScript } from './initramfs.ts';

/** What QEMU starts a guest from. Both files stay as they are while a boot may read them. */
export interface GuestKit {
  readonly kernelPath: string;
  readonly initramfsPath: string;
  readonly kernelRelease: string;
  /** Tells one kit from another: the same key means the same kernel and the same guest programs. */
  readonly key: string;
}

export interface GuestSources {
  /** Root directory in which the host's kernels and busybox are sought. Default `/`. */
  readonly hostRoot?: string;
}

const unusedKitLifeMs = 24 * 60 * 60 * 1000;

/**
 * Makes kernel and initramfs below `home`/vm once, and again when what they are made from has changed:
 *
 *     vm/kernel.json      which kernel is in use, from which packages, and what the kit was made from
 *     vm/kits/KEY/        vmlinuz and initramfs
 *     vm/kernel, busybox  what was downloaded, where the host had none
 *
 * Several processes may do so at once: each puts whole directories in place. Throws `vm_parts_missing`
 * where neither the host nor its package archive has a kernel and a static busybox, `tool_missing` without
 * apt-get, and `home_unusable`.
 */
export async function prepareGuest(home: string, sources: GuestSources = {}): Promise<GuestKit> {
  const vmDir = join(home, 'vm');
  const scripts = await readGuestScripts();
  const scriptsDigest = digestOf(scripts.map((script) => script.bytes));
  const record = await readRecord(vmDir);
  if (record !== undefined && record.scriptsDigest === scriptsDigest && (await isFresh(record))) {
    return kitOf(vmDir, record);
  }
  await makeVmDir(vmDir);
  const search = { vmDir, hostRoot: sources.hostRoot ?? '/', platform: hostPlatform() };
  const busybox = await findBusybox(search);
  const kernel = await findKernel({ ...search, busybox });
  const key = await makeKit({ vmDir, kernel, busybox, scripts });
  const packages = kernel.packages.length > 0 ? kernel.packages : (record?.packages ?? []);
  const kit = kitOf(vmDir, { key, release: kernel.release });
  const made: KernelRecord = {
    release: kernel.release,
    packages: kernel.imagePath.startsWith(`${vmDir}/`) ? packages : [],
    key,
    scriptsDigest,
    inputs: [await inputOf(kernel.imagePath), await inputOf(busybox)],
    outputs: [await inputOf(kit.kernelPath), await inputOf(kit.initramfsPath)],
  };
  await writeFileAtomic(join(vmDir, 'kernel.json'), `${JSON.stringify(made, null, 2)}\n`);
  await removeOldKits(join(vmDir, 'kits'), key, Date.now());
  return kit;
}

function kitOf(vmDir: string, record: Pick<KernelRecord, 'key' | 'release'>): GuestKit {
  const directory = join(vmDir, 'kits', record.key);
  return {
    kernelPath: join(directory, 'vmlinuz'),
    initramfsPath: join(directory, 'initramfs'),
    kernelRelease: record.release,
    key: record.key,
  };
}

interface KitParts {
  readonly vmDir: string;
  readonly kernel: GuestKernel;
  readonly busybox: string;
  readonly scripts: readonly GuestScript[];
}

async function makeKit({ vmDir, kernel, busybox, scripts }: KitParts): Promise<string> {
  const initramfs = encodeInitramfs({
    busybox: await readFile(busybox),
    modules: kernel.modules,
    scripts,
  });
  await using staging = await createOwnedTempDir(vmDir, 'vm');
  await copyFile(kernel.imagePath, join(staging.path, 'vmlinuz'));
  await writeFile(join(staging.path, 'initramfs'), initramfs);
  const key = await keyOfFiles(staging.path);
  const place = join(vmDir, 'kits', key);
  await mkdir(join(vmDir, 'kits'), { recursive: true });
  // Its name tells its content, unless that was damaged since.
  if (!(await isWhole(place, key))) await rm(place, { recursive: true, force: true });
  try {
    await rename(staging.path, place);
  } catch (error) {
    // The same kit is there already.
    if (systemErrorCode(error) !== 'ENOTEMPTY' && systemErrorCode(error) !== 'EEXIST') throw error;
  }
  return key;
}

async function isWhole(place: string, key: string): Promise<boolean> {
  try {
    return (await keyOfFiles(place)) === key;
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return false;
    throw error;
  }
}

async function keyOfFiles(directory: string): Promise<string> {
  const parts = ['vmlinuz', 'initramfs'].map((name) => readFile(join(directory, name)));
  return digestOf(await Promise.all(parts)).slice(0, 32);
}

/** Kits that nobody starts from any more; young ones may belong to a process with an older Ashlar. */
async function removeOldKits(kitsDir: string, keptKey: string, nowMs: number): Promise<void> {
  for (const name of await readdir(kitsDir)) {
    const path = join(kitsDir, name);
    if (name === keptKey || !(await exists(path))) continue;
    if (nowMs - (await stat(path)).mtimeMs > unusedKitLifeMs) {
      await rm(path, { recursive: true, force: true });
    }
  }
}

async function makeVmDir(vmDir: string): Promise<void> {
  try {
    await mkdir(vmDir, { recursive: true });
  } catch (error) {
    throw new AshlarError('home_unusable', `${vmDir} cannot be made: ${String(error)}`, {
      data: { path: vmDir },
      cause: error,
    });
  }
}

async function readRecord(vmDir: string): Promise<KernelRecord | undefined> {
  const text = await readRecordFile(join(vmDir, 'kernel.json'));
  return text === null ? undefined : parseKernelRecord(text);
}

async function isFresh(record: KernelRecord): Promise<boolean> {
  for (const input of [...record.inputs, ...record.outputs]) {
    const now = await inputIfReadable(input.path);
    if (now === null) return false;
    if (now.sizeBytes !== input.sizeBytes || now.modifiedMs !== input.modifiedMs) return false;
  }
  return true;
}

/** Null where it is gone, or cannot be looked at: the state may have come from another place or user. */
async function inputIfReadable(path: string): Promise<InputFile | null> {
  try {
    return await inputOf(path);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'EACCES'].includes(systemErrorCode(error) ?? '')) return null;
    throw error;
  }
}

async function inputOf(path: string): Promise<InputFile> {
  const { size, mtimeMs } = await stat(path);
  return { path, sizeBytes: size, modifiedMs: mtimeMs };
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return false;
    throw error;
  }
}

function digestOf(parts: readonly Buffer[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(`${part.length}:`).update(part);
  return hash.digest('hex');
}
