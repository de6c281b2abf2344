import { open } from 'node:fs/promises';
import { resolve } from 'node:path';
import {
  certificatesIn,
  type ClientTrust,
  inspectTrust,
  installTrust,
  removeTrust,
  type TrustClient,
  trustClients,
  type TrustPart,
  type TrustPlace,
} from '../../../mirror/index.ts';
import { AshlarError, systemErrorCode } from '../../errors/ashlar-error.ts';
import type { Json } from '../../image/canonical-json.ts';
import { type HostSettings, openClientAuthority } from '../client-authority.ts';
import type { CommandContext } from '../command-context.ts';
import type { FinishedCommand } from '../common-options.ts';
import { formatTable } from '../terminal.ts';

export type TrustMode = 'show' | 'install' | 'remove' | 'check' | 'print';

export interface TrustSettings extends HostSettings {
  readonly mode: TrustMode;
  /** Names with commas between them; null for all. */
  readonly clients: string | null;
  readonly root: string;
  /** Certificates to trust; null for those of this machine's authority. */
  readonly caFile: string | null;
}

const exitOperator = 6;
/** Far more than the certificates of an authority. */
const maxCaBytes = 1024 * 1024;

/** `ashlar trust`: how the clients of a machine or a root file system stand to the mirror's certificates. */
export async function trust(
  context: CommandContext,
  settings: TrustSettings,
): Promise<FinishedCommand> {
  const { mode } = settings;
  const clients = clientsNamed(settings.clients);
  const root = resolve(settings.root);
  const session = { root, env: context.env, directory: process.cwd() };
  if (mode === 'remove') return removed(session);
  const { caFile } = settings;
  const { certificates, note } =
    caFile === null
      ? await openClientAuthority(context, settings)
      : { certificates: await readCaFile(caFile), note: null };
  if (mode === 'print') {
    const pem = certificates.join('');
    return { json: { certificates: [...certificates] }, text: pem.trimEnd() };
  }
  const place: TrustPlace = { ...session, certificates };
  const done = mode === 'install' ? await installTrust(place, clients) : [];
  const trusts = await inspectTrust(place, clients);
  const failing = trusts.filter(({ state }) => ['does-not-trust', 'cannot-tell'].includes(state));
  const ok = failing.length === 0;
  return {
    json: {
      ok,
      clients: trusts.map(clientJson),
      changed: done.map(({ path, change }) => ({ path, what: change?.what ?? '' })),
    },
    text: [
      report(mode, trusts, done),
      ...(note === null || mode === 'check' ? [] : ['', note]),
    ].join('\n'),
    exitCode: ok || mode === 'show' ? 0 : exitOperator,
  };
}

function clientsNamed(text: string | null): readonly TrustClient[] {
  if (text === null) return trustClients;
  return text.split(',').map((name) => {
    const client = trustClients.find((known) => known === name.trim());
    if (client !== undefined) return client;
    throw new AshlarError('invalid_request', `--client: there is no ${JSON.stringify(name)}`, {
      hint: `Name some of ${trustClients.join(', ')}, with commas between them.`,
    });
  });
}

async function removed(session: Omit<TrustPlace, 'certificates'>): Promise<FinishedCommand> {
  const undone = await removeTrust(session);
  const rows = undone.map(({ path, what, isDone }) => [isDone ? 'undone' : 'LEFT', path, what]);
  const ok = undone.every(({ isDone }) => isDone);
  return {
    json: { ok, changed: undone.map(({ path, what, isDone }) => ({ path, what, isDone })) },
    text: rows.length === 0 ? 'there is nothing to take back' : formatTable(rows),
    exitCode: ok ? 0 : exitOperator,
  };
}

async function readCaFile(path: string): Promise<readonly string[]> {
  const failure = (what: string, cause?: unknown): AshlarError =>
    new AshlarError('config_invalid', `${path} ${what}`, {
      data: { path },
      hint: 'Name a file of PEM certificates, such as `ashlar trust --print pem` writes on the mirror.',
      cause,
    });
  try {
    await using file = await open(path);
    const stats = await file.stat();
    if (!stats.isFile() || stats.size > maxCaBytes) throw failure('is no file of certificates');
    const certificates = certificatesIn(await file.readFile('latin1'));
    if (certificates.length > 0) return certificates;
    throw failure('holds no certificate');
  } catch (error) {
    const code = systemErrorCode(error);
    if (error instanceof AshlarError || code === undefined) throw error;
    throw failure(`cannot be read (${code})`, error);
  }
}

function clientJson({ client, state, parts }: ClientTrust): Json {
  return {
    client,
    state,
    parts: parts.map(({ path, isRight, change, problem }) => ({
      path,
      isRight,
      change: change?.what ?? null,
      problem: problem?.words ?? null,
    })),
  };
}

const words = {
  trusts: 'trusts the mirror',
  'does-not-trust': 'does not trust the mirror',
  'not-installed': 'is not installed',
  'cannot-tell': 'cannot be told',
} as const;

function report(
  mode: TrustMode,
  trusts: readonly ClientTrust[],
  done: readonly TrustPart[],
): string {
  const lines = [formatTable(trusts.map(({ client, state }) => [client, words[state]]))];
  const parts = new Map(trusts.flatMap((each) => each.parts).map((part) => [keyOf(part), part]));
  const section = (title: string, rows: readonly (readonly string[])[]): void => {
    if (rows.length > 0) lines.push('', title, formatTable(rows.map((row) => ['', ...row])));
  };
  section(
    'changed:',
    done.map(({ path, change }) => [path, change?.what ?? '']),
  );
  section(
    'to be changed by `ashlar trust --install`:',
    [...parts.values()].flatMap(({ path, change }) =>
      change === null ? [] : [[path, change.what]],
    ),
  );
  section(
    'left to you:',
    [...parts.values()].flatMap(({ path, problem }) =>
      problem === null ? [] : [[path, problem.words]],
    ),
  );
  if (mode === 'install' && done.length > 0)
    lines.push('', 'Sessions and services that run already have to be started anew.');
  return lines.join('\n');
}

function keyOf({ path, change, problem }: TrustPart): string {
  return [path, change?.what, problem?.words].join('\0');
}
