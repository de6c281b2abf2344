import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { decodedPath } from '../recorded-upstream/decoded-path.ts';
import {
  type FaultyListener,
  openFaultyListener,
  type Outage,
} from '../recorded-upstream/faulty-listener.ts';
import { type AnswerSource, makeAnswer, wantedForm } from './answer.ts';
import { heedConditions, unchanged } from './conditions.ts';
import { chooseFault, type FaultRule } from './fault.ts';
import type { PackageDescription } from './made-package.ts';
import type { SetName } from './package-sets.ts';
import { openSet } from './record-set.ts';
import type { OpenRecording, RecordedPackument, RecordedTarball } from './recording.ts';
import { createRegistryContent } from './registry-content.ts';
import { createRequestCounter, type RegistryCounts } from './request-counts.ts';
import { parseRoute, type Route } from './route.ts';
import { sendAnswer } from './send-answer.ts';
import { spoilAnswer } from './spoil-answer.ts';
import { publicRegistryUrl } from './upstream.ts';

/** All of it is JSON, so that a registry can be started in another process as well. */
export interface RecordedRegistryOptions {
  /** Recorded packages, besides those that are made up; none when left out. */
  readonly set?: SetName;
  readonly packages?: readonly PackageDescription[];
  /** The host that tarball URLs name, with https; by default that of the public registry. */
  readonly publicHost?: string;
  /** `own`: tarball URLs name the address that the client used, as a registry's does that stands alone. Default `public`. */
  readonly tarballUrls?: 'public' | 'own';
  /** What tarball URLs begin with instead; ends in a slash. */
  readonly tarballBase?: string;
  /** Before the headers of each answer. */
  readonly latencyMs?: number;
  readonly faults?: readonly FaultRule[];
  /** Decides which requests are hit by faults that have a share. Default 1. */
  readonly seed?: number;
  /** PEM. With it the registry speaks TLS. */
  readonly tls?: { readonly key: string; readonly cert: string };
  /** Default: a free one of 127.0.0.1. */
  readonly port?: number;
  /** User name by bearer token, for whoami. */
  readonly users?: Readonly<Record<string, string>>;
  readonly refusal?: 401 | 404;
  readonly advisories?: Readonly<Record<string, readonly unknown[]>>;
}

/** What a test does with a registry, wherever that runs. */
export interface RecordedRegistry extends AsyncDisposable {
  /** `http://127.0.0.1:PORT/`. */
  readonly url: string;
  readonly port: number;
  counts(): Promise<RegistryCounts>;
  /** What is recorded, without what was made up: the load of a measurement. */
  recorded(): Promise<RecordedContents>;
  resetCounts(): Promise<void>;
  setFaults(rules: readonly FaultRule[]): Promise<void>;
  setLatency(latencyMs: number): Promise<void>;
  /** Ends all connections with a reset; new ones are refused, or accepted and reset. */
  outage(how: Outage): Promise<void>;
  /** Back at the same port. */
  restore(): Promise<void>;
  put(description: PackageDescription): Promise<void>;
  remove(name: string): Promise<void>;
}

export interface RecordedContents {
  readonly packageJson: string;
  readonly lockfile: string;
  readonly tarballs: readonly Pick<RecordedTarball, 'path' | 'integrity' | 'sizeBytes'>[];
  readonly packuments: readonly Pick<RecordedPackument, 'name' | 'form' | 'documentBytes'>[];
}

/** Starts a registry of recorded and made-up packages on loopback. The set is recorded first where it is not yet. */
export async function startRecordedRegistry(
  options: RecordedRegistryOptions,
): Promise<RecordedRegistry> {
  const { tls, seed = 1 } = options;
  const recording = options.set === undefined ? null : await openSet(options.set);
  const publicUrl =
    options.publicHost === undefined
      ? (recording?.publicUrl ?? publicRegistryUrl())
      : `https://${options.publicHost}/`;
  const content = createRegistryContent(recording);
  for (const description of options.packages ?? []) await content.put(description);
  const source: AnswerSource = {
    content,
    keys: recording?.keys ?? [],
    users: options.users ?? {},
    refusal: options.refusal ?? 404,
    advisories: options.advisories ?? {},
  };
  const counter = createRequestCounter();
  let rules = options.faults ?? [];
  let latencyMs = options.latencyMs ?? 0;

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { headers } = request;
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    // Audits come with a body that nobody looks at.
    request.resume();
    const path = decodedPath(request.url ?? '/');
    const route = path === null ? ({ kind: 'unknown' } as const) : parseRoute(path);
    const form = wantedForm(headers.accept);
    const resource = resourceName(request.method ?? 'GET', path ?? request.url ?? '/', route, form);
    const attempt = counter.request(resource);
    for (const name of ['authorization', 'proxy-authorization', 'cookie'] as const) {
      if (headers[name] !== undefined) counter.credential(headers[name]);
    }
    const fault = chooseFault(rules, { kind: route.kind, resource, attempt }, seed);
    if (fault !== null) counter.fault(fault.name);
    if (latencyMs > 0) await pause(latencyMs, undefined, { signal: gone.signal });
    const own = `${tls === undefined ? 'http' : 'https'}://${headers.host}/`;
    const right = await makeAnswer(source, {
      route,
      form,
      acceptsGzip: headers['accept-encoding']?.includes('gzip') ?? false,
      base: options.tarballBase ?? (options.tarballUrls === 'own' ? own : publicUrl),
      token: /^Bearer (.+)$/i.exec(headers.authorization ?? '')?.[1] ?? null,
      searchText: new URL(request.url ?? '/', own).searchParams.get('text') ?? '',
    });
    const spoiled = spoilAnswer(right, fault, 'name' in route ? route.name : '');
    const isLie = fault?.name === 'lying-etag' && headers['if-none-match'] !== undefined;
    const final = isLie ? unchanged(spoiled) : heedConditions(spoiled, headers);
    const exchange = { request, response, signal: gone.signal, countBody: counter.body };
    await sendAnswer(exchange, final, fault);
  };

  const listener: FaultyListener = await openFaultyListener({
    handler: handlerOf(answer),
    tls,
    port: options.port ?? 0,
    opened: counter.opened,
    closed: counter.closed,
  });
  return {
    url: `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${listener.port}/`,
    port: listener.port,
    counts: async () => counter.counts(),
    recorded: async () => contentsOf(recording),
    resetCounts: async () => counter.reset(),
    setFaults: async (next) => void (rules = next),
    setLatency: async (nextMs) => void (latencyMs = nextMs),
    outage: (how) => listener.outage(how),
    restore: () => listener.restore(),
    put: (description) => content.put(description),
    remove: async (name) => content.remove(name),
    [Symbol.asyncDispose]: () => listener.close(),
  };
}

/** A client that leaves ends its own answer and nothing else; what goes wrong otherwise is the registry's own fault. */
function handlerOf(
  answer: (request: IncomingMessage, response: ServerResponse) => Promise<void>,
): RequestListener {
  return (request, response) => {
    answer(request, response).catch((error: unknown) => {
      if (response.destroyed || response.writableFinished) return;
      response.destroy();
      process.stderr.write(`recorded registry: ${request.url}: ${String(error)}\n`);
    });
  };
}

function contentsOf(recording: OpenRecording | null): RecordedContents {
  const { packageJson = '', lockfile = '', tarballs = [], packuments = [] } = recording ?? {};
  return { packageJson, lockfile, tarballs, packuments };
}

function resourceName(method: string, path: string, route: Route, form: string): string {
  const isShort = route.kind === 'packument' && form === 'abbreviated';
  return `${method} ${path}${isShort ? ' (abbreviated)' : ''}`;
}
