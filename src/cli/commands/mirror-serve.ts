import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  createDnsResponder,
  createPolicy,
  type DnsResponder,
  mirroredNames,
  parseAdvisories,
  type MirrorConfig,
  type Policy,
  startMirror,
  systemResolvers,
} from '../../../mirror/index.ts';
import { AshlarError, systemErrorCode } from '../../errors/ashlar-error.ts';
import { openTlsAuthority, type TlsAuthority } from '../../tls/authority.ts';
import type { CommandContext } from '../command-context.ts';
import type { FinishedCommand } from '../common-options.ts';
import { announceServer } from '../serving-address.ts';
import { createServingLog, type ServingLog } from '../serving-log.ts';
import { openMirror } from '../open-mirror.ts';
import { isLoopback, type ListenPlace, parseListen } from '../parse-listen.ts';
import type { MirrorSettings } from '../program-mirror.ts';
import { trustBuildCa } from '../trust-build-ca.ts';

export interface ServeSettings extends MirrorSettings {
  readonly http: string;
  /** Null for no TLS. */
  readonly tls: string | null;
  readonly dns: string | null;
  readonly dnsAnswers: readonly string[];
  /** Undefined: open where the mirror listens on loopback alone. */
  readonly tunnels: 'open' | 'closed' | undefined;
  readonly log: 'text' | 'json' | 'none';
}

/** Runs a mirror until it is told to end. */
export async function mirrorServe(
  context: CommandContext,
  settings: ServeSettings,
): Promise<FinishedCommand> {
  const http = parseListen(settings.http, '--listen');
  const tls = settings.tls === null ? null : parseListen(settings.tls, '--tls-listen');
  const dns = settings.dns === null ? null : parseListen(settings.dns, '--dns-listen');
  await trustBuildCa(context.env);
  await using stack = new AsyncDisposableStack();
  const log = createServingLog('mirror', settings.log, context.terminal.stderr);
  const mirror = await openMirror(context, settings, {
    stack,
    onNotKept: log.notKept,
    onProblem: log.problem,
  });
  const { config, core } = mirror;
  const names = mirroredNames(config);
  const { nowMs, signal } = context;
  const authority = tls === null ? null : await openAuthority(context, names, log);
  const policy = await loadPolicy(config, settings.configFile);
  const running = stack.use(
    await startMirror({
      ...mirror,
      listen: { http, tls },
      authority,
      tunnels: settings.tunnels ?? (isLoopback(http.host) ? 'open' : 'closed'),
      policy: () => policy,
      env: context.env,
      log: log.request,
      secret: mirror.home.secret,
      nowMs,
      signal,
    }),
  );
  const home = join(context.config.home, 'mirror');
  await announceServer(home, { stack, place: running.http, onProblem: log.problem });
  const { dnsAnswers } = settings;
  const responder =
    dns === null ? null : stack.use(await answerDns(dns, { names, dnsAnswers, tls, log }));
  const counting = mirror.keepCounting({ signal, onProblem: log.problem });
  log.ready({
    http: running.http,
    tls: running.tls,
    dns: responder === null ? null : { host: responder.host, port: responder.port },
    hosts: config.registries.flatMap((registry) => registry.hosts),
    upstreams: core.origins().map(({ origin }) => origin),
  });
  if (!signal.aborted) await once(signal, 'abort');
  await counting;
  return { json: { ended: true }, text: '' };
}

function openAuthority(
  { config, nowMs }: CommandContext,
  hosts: readonly string[],
  log: ServingLog,
): Promise<TlsAuthority> {
  const directory = join(config.home, 'authority');
  return openTlsAuthority({ directory, hosts, nowMs, onProblem: log.problem });
}

async function answerDns(
  listen: ListenPlace,
  {
    names,
    dnsAnswers,
    tls,
    log,
  }: {
    readonly names: readonly string[];
    /** None: where TLS listens. */
    readonly dnsAnswers: readonly string[];
    readonly tls: ListenPlace | null;
    readonly log: ServingLog;
  },
): Promise<DnsResponder> {
  const answers = dnsAnswers.length > 0 ? dnsAnswers : [answerFor(tls)];
  return createDnsResponder({
    listen,
    answers: new Map(names.map((name) => [name, answers])),
    forwardTo: await systemResolvers(),
    onProblem: log.problem,
  });
}

/** What DNS answers leads to the TLS port; one that listens everywhere does not say where it is to be found. */
function answerFor(tls: ListenPlace | null): string {
  if (tls !== null && !['0.0.0.0', '::', ''].includes(tls.host)) return tls.host;
  throw new AshlarError('config_invalid', '--dns-listen needs to know which address to answer', {
    hint: 'Name the address at which machines reach the mirror with --dns-answer.',
  });
}

/** Throws `policy_invalid` with the file and the place in it, and `config_invalid` for a file that cannot be read. */
async function loadPolicy(
  { policy }: MirrorConfig,
  configFile: string | null,
): Promise<{ policy: Policy; revision: string }> {
  const { advisories: file, ...rules } = policy;
  const advisories =
    file === null ? {} : { advisories: parseAdvisories(await readText(file, configFile), file) };
  const source = configFile === null ? {} : { source: `${configFile}: policy` };
  return { policy: createPolicy({ ...rules, ...advisories, ...source }), revision: '1' };
}

async function readText(file: string, configFile: string | null): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === undefined) throw error;
    const place = `${configFile ?? 'the configuration'}: policy.advisories`;
    throw new AshlarError('config_invalid', `${place}: ${file} cannot be read (${code})`, {
      cause: error,
      hint: 'Put a file of advisories there that this user can read, or take `advisories` out of the policy.',
    });
  }
}
