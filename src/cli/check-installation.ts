import { access, constants, mkdir, statfs } from 'node:fs/promises';
import { AshlarError, systemErrorCode } from '../errors/ashlar-error.ts';
import type { CommandContext } from './command-context.ts';
import { openStore } from './open-store.ts';
import { formatBytes } from './terminal.ts';

/** One thing that an installation needs. */
export interface InstallationCheck {
  readonly name: string;
  readonly ok: boolean;
  readonly detail: string;
  readonly mend: string;
}

const minNodeMajor = 24;
const minFreeBytes = 2 * 1024 ** 3;

/** The runtime, the directory for state, and the store. */
export async function checkInstallation(context: CommandContext): Promise<InstallationCheck[]> {
  return [checkNode(), await checkHome(context.config.home), await checkStoreOpens(context)];
}

function checkNode(): InstallationCheck {
  const { node } = process.versions;
  return {
    name: 'node',
    ok: Number(node.split('.')[0]) >= minNodeMajor,
    detail: `Node.js ${node}`,
    mend: `Run npm run setup in the clone: it brings Node.js ${minNodeMajor}.`,
  };
}

async function checkHome(home: string): Promise<InstallationCheck> {
  const name = 'home';
  const mend =
    'Set ASHLAR_HOME to a directory that this user can write, on a disk with some GiB free.';
  try {
    await mkdir(home, { recursive: true });
    await access(home, constants.W_OK);
    const { bavail, bsize } = await statfs(home);
    const freeBytes = bavail * bsize;
    return {
      name,
      ok: freeBytes >= minFreeBytes,
      detail: `${home}, ${formatBytes(freeBytes)} free`,
      mend,
    };
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === undefined) throw error;
    return { name, ok: false, detail: `${home} cannot be written (${code})`, mend };
  }
}

async function checkStoreOpens(context: CommandContext): Promise<InstallationCheck> {
  try {
    using imageStore = await openStore(context, 'write');
    return { name: 'store', ok: true, detail: imageStore.objects.url, mend: '' };
  } catch (error) {
    if (!(error instanceof AshlarError)) throw error;
    return { name: 'store', ok: false, detail: error.message, mend: error.hint };
  }
}
