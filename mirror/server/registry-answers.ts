import { AshlarError } from '../../src/index.ts';
import type { PackumentForm } from '../cache/cache-paths.ts';
import type { MirrorCache } from '../cache/mirror-cache.ts';
import type { PackumentVariants } from '../documents/packument-variants.ts';
import type { Packuments } from '../documents/packuments.ts';
import type { SmallDocuments } from '../documents/small-documents.ts';
import type { FetchSettings } from '../fetch-context.ts';
import type { RegistryPath } from '../packument/names/registry-path.ts';
import type { View } from '../registries/view.ts';
import type { Tarballs } from '../tarballs/tarballs.ts';
import type { MirrorPolicy } from '../policy/mirror-policy.ts';
import { type Answer, jsonAnswer } from './answer.ts';
import type { Exchange } from './exchange.ts';
import { packumentAnswer } from './serve-packument.ts';
import { smallDocumentAnswer } from './serve-small-document.ts';
import { tarballAnswer } from './serve-tarball.ts';
import { withAccess } from './with-access.ts';

/** What answers of a registry are made from. */
export interface RegistryAnswersOptions {
  readonly cache: MirrorCache;
  readonly packuments: Packuments;
  readonly variants: PackumentVariants;
  readonly tarballs: Tarballs;
  readonly documents: SmallDocuments;
  readonly policy: MirrorPolicy;
  readonly settings: FetchSettings;
  readonly nowMs: () => number;
  /** Keeps the names of private records from telling anything of their credentials. */
  readonly secret: Buffer;
}

/** Answers a request of a registry from the cache; null for what is not kept but passed on. */
export type AnswerRegistry = (exchange: Exchange, wanted: RegistryPath) => Promise<Answer | null>;

export function createRegistryAnswers(options: RegistryAnswersOptions): AnswerRegistry {
  return async (exchange, wanted) => {
    const { method } = exchange.request;
    if (method !== 'GET' && method !== 'HEAD') return null;
    switch (wanted.kind) {
      case 'ping':
        return jsonAnswer(200, {});
      case 'packument':
        return accessed(options, exchange, (view) =>
          servePackument(options, exchange, { view, name: wanted.package.name }),
        );
      case 'tarball':
        return accessed(options, exchange, (view) =>
          serveTarball(options, exchange, { view, name: wanted.package.name, file: wanted.file }),
        );
      case 'version':
      case 'attestations':
        return accessed(options, exchange, (view) =>
          serveDocument(options, exchange, { view, subject: wanted.package.name }),
        );
      case 'dist-tags':
        return accessed(options, exchange, (view) =>
          serveDocument(options, exchange, { view, subject: wanted.package.name }),
        );
      case 'keys':
        return accessed(options, exchange, (view) =>
          serveDocument(options, exchange, { view, subject: 'keys' }),
        );
      case 'root':
      case 'whoami':
      case 'search':
      case 'audit':
      case 'account':
      case 'other':
        return null;
    }
  };
}

function accessed(
  { secret }: RegistryAnswersOptions,
  { registry, requester }: Exchange,
  work: (view: View) => Promise<Answer>,
): Promise<Answer> {
  return withAccess({ registry, authorization: requester.authorization, secret }, work);
}

async function servePackument(
  options: RegistryAnswersOptions,
  exchange: Exchange,
  { view, name }: { view: View; name: string },
): Promise<Answer> {
  const { packuments, variants, cache, settings, policy } = options;
  const { request, ledger, signal, registry, base } = exchange;
  const target = { view, name, form: formOf(request.headers.accept) };
  for (let turn = 0; turn < 2; turn += 1) {
    const found = await packuments.find(target, { ledger, signal, freshness: 'current' });
    const cuts = await policy.cutsFor({ view, name, record: found.record }, ledger);
    const wish = { registry, base, cuts };
    const variant = await ledger.span('cache', () => variants.find(found.record, wish));
    if (variant !== null) {
      const { headers } = request;
      return packumentAnswer(found, variant, {
        cache,
        request: {
          acceptEncoding: headersText(headers['accept-encoding']),
          ifNoneMatch: headers['if-none-match'],
          ifModifiedSince: headers['if-modified-since'],
          isPrivate: view.authorization !== null,
          maxAgeMs: settings.maxAgeMs,
          nowMs: options.nowMs(),
          signal,
        },
      });
    }
    packuments.forget(target);
  }
  throw new AshlarError('cache_unstable', `the cache loses ${name} as soon as it is stored`);
}

async function serveTarball(
  { tarballs, cache, packuments, policy }: RegistryAnswersOptions,
  { request, ledger, signal }: Exchange,
  { view, name, file }: { view: View; name: string; file: string },
): Promise<Answer> {
  const isPrivate = view.authorization !== null;
  // Whether the credential may still read it is asked again as often as a packument is.
  if (isPrivate) {
    const target = { view, name, form: 'abbreviated' } as const;
    await packuments.find(target, { ledger, signal, freshness: 'current' });
  }
  await policy.checkTarball({ view, name, file }, ledger);
  const found = await tarballs.find({ view, name, file }, { ledger, signal });
  const asked = {
    range: request.headers.range,
    ifRange: headersText(request.headers['if-range']),
    ifNoneMatch: request.headers['if-none-match'],
    isHead: request.method === 'HEAD',
    isPrivate,
    signal,
    ledger,
  };
  try {
    return await tarballAnswer(found, asked, cache);
  } finally {
    // What is being read holds itself.
    found[Symbol.dispose]();
  }
}

async function serveDocument(
  { documents, nowMs, settings }: RegistryAnswersOptions,
  { path, ledger, signal, registry, base, request }: Exchange,
  { view, subject }: { view: View; subject: string },
): Promise<Answer> {
  const found = await documents.find(
    { view, path, subject },
    { ledger, signal, freshness: 'current' },
  );
  return smallDocumentAnswer(found, {
    registry,
    base,
    isPrivate: view.authorization !== null,
    ifNoneMatch: request.headers['if-none-match'],
    nowMs: nowMs(),
    maxAgeMs: settings.maxAgeMs,
  });
}

/** Clients that install ask for the form that has what installing needs, and name it. */
function formOf(accept: string | undefined): PackumentForm {
  return accept?.includes('application/vnd.npm.install-v1+json') === true ? 'abbreviated' : 'full';
}

function headersText(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header.join(', ') : header;
}
