import { statfs } from 'node:fs/promises';
import { AshlarError } from '../errors/ashlar-error.ts';
import type { CommandContext } from './command-context.ts';
import { findMirror } from './find-mirror.ts';
import { findRegistryCache } from './find-registry-cache.ts';
import { openObjects } from './open-store.ts';
import { formatBytes } from './terminal.ts';
import { trustBuildCa } from './trust-build-ca.ts';

/** One thing that an installation needs. */
export interface InstallationCheck {
  readonly name: string;
  readonly ok: boolean;
  readonly detail: string;
  readonly mend: string;
}

const minNodeMajor = 24;
const minFreeBytes = 2 * 1024 ** 3;

/** The runtime, the directory for state, the store, and the registry cache and npm mirror that builds go through. */
export async function checkInstallation(context: CommandContext): Promise<InstallationCheck[]> {
  return [
    checkNode(),
    await checkHome(context),
    await checkStoreOpens(context),
    await checkRegistryCache(context),
    await checkMirror(context),
  ];
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

async function checkHome({ config, homeProblem }: CommandContext): Promise<InstallationCheck> {
  const { home } = config;
  const name = 'home';
  const mend =
    'Set ASHLAR_HOME to a directory that this user can write, on a disk with some GiB free.';
  const problem = await homeProblem();
  if (problem !== null) return { name, ok: false, detail: `${home} ${problem.words}`, mend };
  const { bavail, bsize } = await statfs(home);
  const freeBytes = bavail * bsize;
  return {
    name,
    ok: freeBytes >= minFreeBytes,
    detail: `${home}, ${formatBytes(freeBytes)} free`,
    mend,
  };
}

async function checkStoreOpens(context: CommandContext): Promise<InstallationCheck> {
  try {
    const { url } = await openObjects(context, 'write');
    return { name: 'store', ok: true, detail: url, mend: '' };
  } catch (error) {
    if (!(error instanceof AshlarError)) throw error;
    return { name: 'store', ok: false, detail: error.message, mend: error.hint };
  }
}

async function checkRegistryCache(context: CommandContext): Promise<InstallationCheck> {
  const check = { name: 'registry cache', ok: true, mend: '' };
  try {
    await trustBuildCa(context.env);
    const search = await findRegistryCache(context);
    if (search.kind === 'none') return { ...check, detail: 'none: registries are asked directly' };
    if (search.kind === 'found')
      return { ...check, detail: `images come through the one at ${search.cache.url}` };
    const mend =
      'Start it there with `ashlar registry-cache serve`, or unset ASHLAR_REGISTRY_CACHE.';
    return { ...check, ok: false, detail: `${search.url}: ${search.problem}`, mend };
  } catch (error) {
    if (!(error instanceof AshlarError)) throw error;
    return { ...check, ok: false, detail: error.message, mend: error.hint };
  }
}

async function checkMirror(context: CommandContext): Promise<InstallationCheck> {
  const check = { name: 'npm mirror', ok: true, mend: '' };
  try {
    const search = await findMirror(context);
    if (search.kind === 'none')
      return { ...check, detail: 'none: RUN steps ask registries directly' };
    if (search.kind === 'found')
      return { ...check, detail: `RUN steps get packages through the one at ${search.server.url}` };
    const mend = 'Start it there with `ashlar mirror serve`, or unset ASHLAR_MIRROR.';
    return { ...check, ok: false, detail: `${search.url}: ${search.problem}`, mend };
  } catch (error) {
    if (!(error instanceof AshlarError)) throw error;
    return { ...check, ok: false, detail: error.message, mend: error.hint };
  }
}
