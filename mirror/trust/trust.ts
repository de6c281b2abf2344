import { AshlarError } from '../../src/index.ts';
import { createRootFiles, type RootFiles } from '../../src/network.ts';
import { applyChanges } from './apply-changes.ts';
import { nodeParts } from './node-parts.ts';
import { settingParts } from './setting-parts.ts';
import { systemParts } from './system-parts.ts';
import { programsOf, type TrustClient, type TrustPart, type TrustState } from './trust-client.ts';
import { openTrustContext, type TrustContext, type TrustPlace } from './trust-context.ts';
import { undoChanges, type UndoneChange } from './undo-changes.ts';
import { requireNothingLost } from './unkept-certificates.ts';

/** Whether one client trusts the mirror, and what that depends on. */
export interface ClientTrust {
  readonly client: TrustClient;
  /** `not-installed`: the program was not found; what it would need is told all the same. */
  readonly state: TrustState;
  readonly parts: readonly TrustPart[];
}

/**
 * Looks at how the clients of a root file system stand to these certificates (PEM). Changes nothing. Files that cannot be
 * read safely make a client `cannot-tell`, with the reason. Throws `config_invalid` for no certificate, and for a root
 * that is no directory.
 */
export async function inspectTrust(
  place: TrustPlace,
  clients: readonly TrustClient[],
): Promise<readonly ClientTrust[]> {
  const context = await openChecked(place);
  const parts = await allParts(context, clients);
  const trusts: ClientTrust[] = [];
  for (const client of clients) {
    const own = parts.filter((part) => part.clients.includes(client));
    trusts.push({ client, state: await stateOf(context, client, own), parts: own });
  }
  return trusts;
}

/**
 * Makes the clients trust these certificates, and gives what was done. Doing it again does nothing. What can be taken
 * back is written down in `trustDirectory` of the root before it is done. Throws `privilege_missing` and
 * `trust_store_refused`.
 */
export async function installTrust(
  place: TrustPlace,
  clients: readonly TrustClient[],
): Promise<readonly TrustPart[]> {
  const done: TrustPart[] = [];
  // What the system trusts is a part of the bundles for the others.
  for (const stage of [clients.filter(isSystem), clients.filter((client) => !isSystem(client))]) {
    const context = await openChecked(place);
    const parts = (await allParts(context, stage)).filter(({ change }) => change !== null);
    if (parts.some(({ change }) => change?.kind === 'tool')) await requireNothingLost(context);
    await applyChanges(context.files, parts, context.record);
    done.push(...parts);
  }
  return done;
}

/** Takes back all that was installed in this root: each file is as it was, byte by byte, when nobody else changed it. */
export async function removeTrust(
  place: Omit<TrustPlace, 'certificates'>,
): Promise<readonly UndoneChange[]> {
  await requireRoot(createRootFiles(place.root));
  return undoChanges(await openTrustContext({ ...place, certificates: [] }));
}

async function openChecked(place: TrustPlace): Promise<TrustContext> {
  await requireRoot(createRootFiles(place.root));
  const context = await openTrustContext(place);
  if (context.certificates.length > 0) return context;
  throw new AshlarError('config_invalid', 'there is no certificate to trust', {
    hint: 'Name a file of PEM certificates, such as `ashlar trust --print pem` gives on the mirror.',
  });
}

async function requireRoot(files: RootFiles): Promise<void> {
  if ((await files.list('/')).length > 0) return;
  throw new AshlarError('config_invalid', `${files.root} is no root file system`, {
    data: { root: files.root },
    hint: 'Name the directory of a root file system with --root.',
  });
}

function isSystem(client: TrustClient): boolean {
  return client === 'system';
}

async function allParts(
  context: TrustContext,
  clients: readonly TrustClient[],
): Promise<readonly TrustPart[]> {
  const parts: TrustPart[] = [];
  if (clients.includes('system')) parts.push(...(await systemParts(context)));
  if (clients.some((client) => !isSystem(client)))
    parts.push(...(await nodeParts(context)), ...(await settingParts(context)));
  return parts.filter((part) => part.clients.some((client) => clients.includes(client)));
}

async function stateOf(
  context: TrustContext,
  client: TrustClient,
  parts: readonly TrustPart[],
): Promise<TrustState> {
  if (client !== 'system' && !(await isInstalled(context, client))) return 'not-installed';
  const wrong = parts.filter(({ isRight }) => !isRight);
  if (wrong.length === 0) return 'trusts';
  return wrong.every(({ problem }) => problem?.kind === 'unclear')
    ? 'cannot-tell'
    : 'does-not-trust';
}

const programDirectories = [
  '/usr/local/sbin',
  '/usr/local/bin',
  '/usr/sbin',
  '/usr/bin',
  '/sbin',
  '/bin',
];
const inHomes = ['.bun/bin', '.local/bin', '.local/share/pnpm', '.yarn/bin', '.npm-global/bin'];

async function isInstalled(
  { files, homes, session }: TrustContext,
  client: Exclude<TrustClient, 'system'>,
): Promise<boolean> {
  const own = homes.flatMap(({ path }) => inHomes.map((name) => `${path}/${name}`));
  const searched = (session?.env['PATH'] ?? '').split(':').filter((path) => path.startsWith('/'));
  const directories = [...new Set([...searched, ...programDirectories, ...own])];
  const paths = directories.flatMap((path) => programsOf[client].map((name) => `${path}/${name}`));
  for (const path of paths) if (await files.existsAsName(path)) return true;
  return false;
}
