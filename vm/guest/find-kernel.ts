import { constants } from 'node:fs';
import { access, copyFile, mkdir, readdir, rename, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { AshlarError, createOwnedTempDir, systemErrorCode } from '../../src/index.ts';
import type { Platform } from '../platform.ts';
import { dependenciesOf, fetchPackages, type FetchedPackage } from './debian-package.ts';
import { collectModules, type KernelModule } from './kernel-modules.ts';

export interface GuestKernel {
  readonly release: string;
  readonly imagePath: string;
  readonly modules: readonly KernelModule[];
  /** Empty for a kernel of the host. */
  readonly packages: readonly FetchedPackage[];
}

export interface KernelSearch {
  /** `ASHLAR_HOME/vm`; a downloaded kernel is kept there, and then it is the one in use. */
  readonly vmDir: string;
  /** Root directory of the host's kernels: boot/vmlinuz-RELEASE and lib/modules/RELEASE. */
  readonly hostRoot: string;
  readonly platform: Platform;
  /** A static busybox, to unpack modules. */
  readonly busybox: string;
}

const requiredModules = ['virtio_pci', 'virtio_console', 'virtio_blk', 'ext4'];
const optionalModules = ['virtio_rng', 'crc32c_generic', 'crc32c_intel', 'crc32c'];

/**
 * A distribution kernel that can run the guest: one downloaded before, else the newest of the host's that is
 * readable and has the modules needed, else one downloaded now from the distribution's package for virtual
 * machines (nothing is installed). Throws `vm_parts_missing`.
 */
export async function findKernel(search: KernelSearch): Promise<GuestKernel> {
  const kept = join(search.vmDir, 'kernel');
  return (
    (await newestKernel(kept, search.busybox)) ??
    (await newestKernel(search.hostRoot, search.busybox)) ??
    (await downloadKernel(search, kept))
  );
}

async function newestKernel(root: string, busybox: string): Promise<GuestKernel | undefined> {
  for (const release of await releasesIn(root)) {
    const imagePath = join(root, 'boot', `vmlinuz-${release}`);
    if (!(await isReadable(imagePath))) continue;
    const { modules, missing } = await collectModules({
      modulesDir: await modulesDirOf(root, release),
      required: requiredModules,
      optional: optionalModules,
      busybox,
    });
    if (missing.length === 0) return { release, imagePath, modules, packages: [] };
  }
  return undefined;
}

async function downloadKernel(search: KernelSearch, kept: string): Promise<GuestKernel> {
  const names = await kernelPackages(search.platform);
  await using staging = await createOwnedTempDir(search.vmDir, 'vm');
  const packages = await fetchPackages(names, staging.path);
  const found = await newestKernel(join(staging.path, 'root'), search.busybox);
  if (found === undefined) {
    throw new AshlarError(
      'vm_parts_missing',
      `the packages ${names.join(', ')} hold no kernel with ${requiredModules.join(', ')}`,
      { data: { packages: names } },
    );
  }
  const pruned = join(staging.path, 'kernel');
  await keepWhatIsNeeded(found, pruned);
  return { ...(await putInPlace(pruned, kept, search.busybox)), packages };
}

/** Renames `made` to `kept`, which holds no usable kernel, unless another process was faster. */
async function putInPlace(made: string, kept: string, busybox: string): Promise<GuestKernel> {
  if (await isReadable(kept)) {
    const other = await newestKernel(kept, busybox);
    if (other !== undefined) return other;
    await rename(kept, `${made}.unusable`);
  }
  try {
    await rename(made, kept);
  } catch (error) {
    const code = systemErrorCode(error);
    if (code !== 'ENOTEMPTY' && code !== 'EEXIST') throw error;
  }
  const kernel = await newestKernel(kept, busybox);
  if (kernel !== undefined) return kernel;
  throw new AshlarError('internal', `the kernel put at ${kept} cannot be used`);
}

/** Writes the kernel as a root directory of its own, with no more modules than the guest loads. */
async function keepWhatIsNeeded(kernel: GuestKernel, root: string): Promise<void> {
  const modulesDir = join(root, 'lib', 'modules', kernel.release);
  await mkdir(join(root, 'boot'), { recursive: true });
  await mkdir(join(modulesDir, 'kernel'), { recursive: true });
  await copyFile(kernel.imagePath, join(root, 'boot', basename(kernel.imagePath)));
  for (const module of kernel.modules) {
    await writeFile(join(modulesDir, 'kernel', `${module.name}.ko`), module.bytes);
  }
  const loaded = new Set(kernel.modules.map((module) => module.name));
  const builtin = requiredModules.filter((name) => !loaded.has(name));
  await writeFile(
    join(modulesDir, 'modules.builtin'),
    builtin.map((name) => `kernel/${name}.ko\n`).join(''),
  );
}

/**
 * The packages behind the first meta package that the distribution has: the kernel, and its modules where they are apart.
 * Throws `vm_parts_missing` where it has none.
 */
export async function kernelPackages(platform: Platform): Promise<readonly string[]> {
  for (const metaPackage of platform.kernelPackages) {
    const names = new Set<string>();
    const waiting = [metaPackage];
    for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
      const parts = ((await dependenciesOf(name)) ?? []).filter((dependency) =>
        /^linux-(image|modules|binary)-\d/.test(dependency),
      );
      for (const part of parts) {
        if (!names.has(part)) waiting.push(part);
        names.add(part);
      }
    }
    if (names.size > 0) return [...names];
  }
  throw new AshlarError(
    'vm_parts_missing',
    `apt knows none of the kernel packages ${platform.kernelPackages.join(', ')}`,
    { data: { packages: platform.kernelPackages } },
  );
}

async function releasesIn(root: string): Promise<string[]> {
  try {
    const names = await readdir(join(root, 'boot'));
    const releases = names.filter((name) => name.startsWith('vmlinuz-'));
    const newestFirst = new Intl.Collator('en', { numeric: true });
    return releases
      .map((name) => name.slice('vmlinuz-'.length))
      .sort((a, b) => newestFirst.compare(b, a));
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return [];
    throw error;
  }
}

async function modulesDirOf(root: string, release: string): Promise<string> {
  const merged = join(root, 'usr', 'lib', 'modules', release);
  return (await isReadable(merged)) ? merged : join(root, 'lib', 'modules', release);
}

async function isReadable(path: string): Promise<boolean> {
  try {
    await access(path, constants.R_OK);
    return true;
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === 'ENOENT' || code === 'EACCES' || code === 'ENOTDIR') return false;
    throw error;
  }
}
