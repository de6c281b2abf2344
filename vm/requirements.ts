import { readdir } from 'node:fs/promises';
import { runCommand, systemErrorCode } from '../src/index.ts';
import { findProgram } from './find-program.ts';
import { hostPlatform } from './platform.ts';

export interface VmRequirement {
  readonly name: string;
  readonly ok: boolean;
  /** What was found. */
  readonly detail: string;
  /** What to do where it is not ok; empty where nothing is to be done. */
  readonly mend: string;
}

/** What booting images needs on this host, for `ashlar doctor`. Starts no machine and downloads nothing. */
export async function checkVmRequirements(): Promise<readonly VmRequirement[]> {
  const platform = hostPlatform();
  return [
    await checkProgram(platform.qemu, platform.qemuPackage, ['--version']),
    await checkProgram('setpriv', 'util-linux', ['--version']),
    await checkGuestParts(platform.kernelPackages),
  ];
}

async function checkProgram(
  name: string,
  packageName: string,
  versionArguments: readonly string[],
): Promise<VmRequirement> {
  const path = await findProgram(name);
  if (path === undefined) {
    return {
      name,
      ok: false,
      detail: 'not installed',
      mend: `apt-get install ${packageName}`,
    };
  }
  const { stdout } = await runCommand(path, versionArguments, { timeoutMs: 10_000 });
  const version = stdout.toString('utf8').split('\n')[0] ?? '';
  return { name, ok: true, detail: `${path}: ${version.trim()}`, mend: '' };
}

/** A kernel and a static busybox: the host's, or what apt can bring. */
async function checkGuestParts(kernelPackages: readonly string[]): Promise<VmRequirement> {
  const name = 'guest kernel and busybox';
  const kernels = (await namesInBoot()).filter((file) => file.startsWith('vmlinuz-'));
  const busybox = await findProgram('busybox');
  if (kernels.length > 0 && busybox !== undefined) {
    return { name, ok: true, detail: `${kernels.join(', ')}; ${busybox}`, mend: '' };
  }
  if ((await findProgram('apt-get')) !== undefined) {
    return { name, ok: true, detail: 'will be downloaded with apt-get, not installed', mend: '' };
  }
  return {
    name,
    ok: false,
    detail: 'no kernel in /boot or no busybox, and no apt-get to download them',
    mend: `install ${kernelPackages[0] ?? 'a kernel'} and busybox-static`,
  };
}

async function namesInBoot(): Promise<string[]> {
  try {
    return await readdir('/boot');
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === 'ENOENT' || code === 'EACCES') return [];
    throw error;
  }
}
