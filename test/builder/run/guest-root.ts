import { constants } from 'node:fs';
import { chmod, copyFile, cp, mkdir, readdir, realpath, writeFile } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { defaultProfilePath } from '../../../builder/run/seccomp-profile.ts';
import { findTool, toolEnvironment } from '../../../builder/run/tool-environment.ts';
import { runChecked, runCommand } from '../../../src/process/run-command.ts';
import { fetchPackages } from '../../../vm/guest/debian-package.ts';
import { kernelPackages } from '../../../vm/guest/find-kernel.ts';
import { hostPlatform } from '../../../vm/platform.ts';
import { putBusybox } from './fixture.ts';

const repository = resolve(import.meta.dirname, '../../..');

/** Programs of this machine that steps need; busybox does for all others. */
const programs = [
  'sh', 'mount', 'umount', 'unshare', 'nsenter', 'setsid', 'losetup', 'tar', 'mke2fs', 'modprobe',
]; // prettier-ignore

/** What of the repository a step needs. */
const sources = ['src', 'builder', 'test/builder/run', 'package.json'];
const packages = ['undici', '@napi-rs'];

const startScript = `#!/bin/sh
# A chroot has no root of its own that others could enter: in a new namespace the image's takes the place of the initramfs.
exec unshare --mount --propagation private nsenter --mount=/proc/self/ns/mnt /bin/busybox sh -c \\
  'cd /root && /bin/busybox mount -o move . / && exec /bin/busybox chroot . /start-inside "$@"' sh "$@"
`;

const insideScript = `#!/bin/sh
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
set -e
mount -t tmpfs tmpfs /tmp
mount -t cgroup2 cgroup2 /sys/fs/cgroup
modprobe loop
modprobe overlay
exec /opt/node --disable-warning=ExperimentalWarning "$@"
`;

/**
 * Makes the root of a machine that runs this repository's programs: \`/start PROGRAM ARGUMENTS...\` does so with the modules
 * that steps need, and with cgroups of version 2 alone.
 */
export async function makeGuestRoot(
  root: string,
  brought: { readonly runtimes: readonly string[]; readonly kernelRoot: string },
): Promise<void> {
  const { runtimes, kernelRoot } = brought;
  for (const name of ['proc', 'sys', 'dev', 'tmp', 'run', 'opt', 'etc']) {
    await mkdir(join(root, name), { recursive: true });
  }
  await putBusybox(root);
  for (const name of [...programs, ...runtimes]) await putProgram(root, name);
  await putFile(root, process.execPath, '/opt/node');
  for (const binary of [process.execPath, ...(await addons())])
    for (const library of await librariesOf(binary)) await putFile(root, library);
  await putFile(root, defaultProfilePath);
  await putModules(root, kernelRoot);
  for (const name of [...sources, ...packages.map((one) => join('node_modules', one))]) {
    const target = join(root, 'ashlar', name);
    await mkdir(dirname(target), { recursive: true });
    await cp(join(repository, name), target, { recursive: true, verbatimSymlinks: true });
  }
  for (const [name, script] of [
    ['start', startScript],
    ['start-inside', insideScript],
  ] as const) {
    await writeFile(join(root, name), script);
    await chmod(join(root, name), 0o755);
  }
}

/** Where a module of the repository lies in the guest. */
export function guestPathOf(module: string): string {
  return join('/ashlar', relative(repository, module));
}

async function putProgram(root: string, name: string): Promise<void> {
  const path = await findTool(name);
  if (path === undefined) throw new Error(`${name} is not installed`);
  const source = await realpath(path);
  await putFile(root, source, join('/usr/bin', name));
  for (const library of await librariesOf(source)) await putFile(root, library);
}

/** Those of the packages that load machine code into Node. */
async function addons(): Promise<string[]> {
  const directory = join(repository, 'node_modules/@napi-rs');
  const names = await readdir(directory, { recursive: true });
  return names.filter((name) => name.endsWith('.node')).map((name) => join(directory, name));
}

/** The shared libraries of a program, the loader among them, by the paths that it asks for. */
async function librariesOf(program: string): Promise<string[]> {
  const { stdout } = await runCommand('ldd', [program], { env: toolEnvironment() });
  return [...stdout.toString('utf8').matchAll(/(?:=> |^\s*)(\/\S+) \(/gm)].map(
    ([, path = '']) => path,
  );
}

async function putFile(root: string, source: string, target: string = source): Promise<void> {
  const path = join(root, target);
  await mkdir(dirname(path), { recursive: true });
  await copyFile(source, path, constants.COPYFILE_FICLONE);
}

/** Modules that steps need in the guest, by where they lie below `kernel/`. */
const stepModules = ['drivers/block/loop', 'fs/overlayfs/overlay'];

/** Those of all kernels below a root directory; which one the guest boots is not known here. */
async function putModules(root: string, kernelRoot: string): Promise<void> {
  for (const version of await namesIn(join(kernelRoot, 'lib/modules'))) {
    const directory = join('/lib/modules', version);
    const names = await readdir(join(kernelRoot, directory));
    for (const name of names.filter((one) => one.startsWith('modules.')))
      await putFile(root, join(kernelRoot, directory, name), join(directory, name));
    for (const module of stepModules) {
      const file = await moduleFile(join(kernelRoot, directory), module);
      if (file === undefined) continue;
      const target = join(directory, 'kernel', dirname(module), basename(file));
      await putFile(root, file, target);
    }
  }
}

async function moduleFile(modulesDir: string, module: string): Promise<string | undefined> {
  const folder = join(modulesDir, 'kernel', dirname(module));
  const name = (await namesIn(folder)).find((one) => one.startsWith(`${basename(module)}.ko`));
  return name === undefined ? undefined : join(folder, name);
}

/**
 * The root directory of a kernel with the modules that steps need: this machine's, where each of its kernels has them, else
 * one made at `directory` from the packages that the guest's kernel comes from.
 */
export async function findKernelRoot(directory: string): Promise<string> {
  const kernels = (await namesIn('/boot')).filter((name) => name.startsWith('vmlinuz-'));
  const found = kernels.map(async (name) => {
    const modulesDir = join('/lib/modules', name.slice('vmlinuz-'.length));
    const files = await Promise.all(stepModules.map((module) => moduleFile(modulesDir, module)));
    return files.every((file) => file !== undefined);
  });
  if (kernels.length > 0 && !(await Promise.all(found)).includes(false)) return '/';
  await mkdir(directory, { recursive: true });
  await fetchPackages(await kernelPackages(hostPlatform()), directory);
  const root = join(directory, 'root');
  for (const version of await namesIn(join(root, 'lib/modules')))
    await runChecked('depmod', ['-b', root, version], { env: toolEnvironment() });
  return root;
}

async function namesIn(directory: string): Promise<string[]> {
  return readdir(directory).catch(() => []);
}

/** An ext4 disk of a tree, as large as it has to be. */
export async function makeGuestDisk(tree: string, path: string): Promise<void> {
  const options = { env: toolEnvironment() };
  await runChecked('mke2fs', ['-q', '-F', '-t', 'ext4', '-d', tree, path, '512M'], options);
}
