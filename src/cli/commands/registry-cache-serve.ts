import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createSecureContext } from 'node:tls';
import { startRegistryCache } from '../../../registry-cache/index.ts';
import { AshlarError, systemErrorCode } from '../../errors/ashlar-error.ts';
import type { CommandContext } from '../command-context.ts';
import type { FinishedCommand } from '../common-options.ts';
import { openRegistryCache } from '../open-registry-cache.ts';
import { parseListen } from '../parse-listen.ts';
import type { RegistryCacheSettings } from '../program-registry-cache.ts';
import { announceServer } from '../serving-address.ts';
import { createServingLog } from '../serving-log.ts';
import { trustBuildCa } from '../trust-build-ca.ts';

export interface ServeSettings extends RegistryCacheSettings {
  readonly http: string;
  /** Null for no TLS. */
  readonly tls: string | null;
  readonly tlsCert: string | null;
  readonly tlsKey: string | null;
  readonly log: 'text' | 'json' | 'none';
}

/** Runs a registry cache until it is told to end. */
export async function registryCacheServe(
  context: CommandContext,
  settings: ServeSettings,
): Promise<FinishedCommand> {
  const http = parseListen(settings.http, '--listen');
  const tls = settings.tls === null ? null : parseListen(settings.tls, '--tls-listen');
  const certificate = await readCertificate(settings);
  await trustBuildCa(context.env);
  await using stack = new AsyncDisposableStack();
  const log = createServingLog('registry-cache', settings.log, context.terminal.stderr);
  const cache = await openRegistryCache(context, settings, {
    stack,
    onNotKept: log.notKept,
    onProblem: log.problem,
  });
  const { registries } = cache.config;
  const { nowMs, signal } = context;
  const running = stack.use(
    await startRegistryCache({
      ...cache,
      listen: { http, tls },
      certificate,
      secret: cache.home.secret,
      log: log.request,
      nowMs,
      signal,
    }),
  );
  const home = join(context.config.home, 'registry-cache');
  await announceServer(home, { stack, place: running.http, onProblem: log.problem });
  const counting = cache.keepCounting({ signal, onProblem: log.problem });
  log.ready({
    http: running.http,
    tls: running.tls,
    dns: null,
    hosts: registries.map(({ name }) => name),
    upstreams: registries.flatMap(({ endpoints }) => endpoints.map(({ origin }) => origin)),
  });
  if (!signal.aborted) await once(signal, 'abort');
  await counting;
  return { json: { ended: true }, text: '' };
}

/** Null without TLS. Throws `config_invalid` for files that cannot be read, and for a key that is not the certificate's. */
async function readCertificate({
  tls,
  tlsCert,
  tlsKey,
}: ServeSettings): Promise<{ cert: Buffer; key: Buffer } | null> {
  if (tls === null && tlsCert === null && tlsKey === null) return null;
  if (tls === null || tlsCert === null || tlsKey === null) {
    const given = { '--tls-listen': tls, '--tls-cert': tlsCert, '--tls-key': tlsKey };
    const missing = Object.entries(given).flatMap(([flag, value]) => (value === null ? flag : []));
    throw new AshlarError(
      'config_invalid',
      `TLS needs all of --tls-listen, --tls-cert and --tls-key; missing: ${missing.join(', ')}`,
    );
  }
  const cert = await readPart(tlsCert, '--tls-cert');
  const key = await readPart(tlsKey, '--tls-key');
  try {
    createSecureContext({ cert, key });
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    throw new AshlarError(
      'config_invalid',
      `${tlsCert} and ${tlsKey} are no certificate with its key: ${problem}`,
      { cause: error },
    );
  }
  return { cert, key };
}

async function readPart(file: string, flag: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === undefined) throw error;
    throw new AshlarError('config_invalid', `${flag}: ${file} cannot be read (${code})`, {
      cause: error,
    });
  }
}
