import { abortable, AshlarError } from '../../src/index.ts';
import { type Answer, jsonAnswer, type ObjectCache } from '../../src/network.ts';
import type { PackumentForm } from '../cache/cache-paths.ts';
import type { PackumentVariants } from '../documents/packument-variants.ts';
import type { Packuments } from '../documents/packuments.ts';
import type { SmallDocuments } from '../documents/small-documents.ts';
import type { FetchSettings } from '../fetch-context.ts';
import { formatRegistryPath } from '../packument/names/format-registry-path.ts';
import type { RegistryPath } from '../packument/names/registry-path.ts';
import type { MirrorPolicy } from '../policy/mirror-policy.ts';
import type { View } from '../registries/view.ts';
import type { Tarballs } from '../tarballs/tarballs.ts';
import { headerText } from './error-answer.ts';
import type { Exchange } from './exchange.ts';
import { packumentAnswer } from './serve-packument.ts';
import { smallDocumentAnswer } from './serve-small-document.ts';
import { tarballAnswer } from './serve-tarball.ts';
import { withAccess } from './with-access.ts';

/** What answers of a registry are made from. */
export interface RegistryAnswersOptions {
  readonly cache: ObjectCache;
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
    // Who is about to change the packument and send it back needs upstream's own.
    if (wanted.kind === 'packument' && /[?&]write=true(?:&|$)/.test(exchange.path)) return null;
    switch (wanted.kind) {
      case 'ping':
        return jsonAnswer(200, {});
      case 'packument':
        return accessed(options, { exchange, name: wanted.package.name }, (view) =>
          servePackument(options, exchange, { view, name: wanted.package.name }),
        );
      case 'tarball':
        return accessed(options, { exchange, name: wanted.package.name }, (view) =>
          serveTarball(options, exchange, { view, name: wanted.package.name, file: wanted.file }),
        );
      case 'version':
      case 'attestations':
      case 'dist-tags':
        return accessed(options, { exchange, name: wanted.package.name }, (view) =>
          serveDocument(options, exchange, {
            view,
            name: wanted.package.name,
            path: formatRegistryPath(wanted),
          }),
        );
      case 'keys':
        return accessed(options, { exchange, name: null }, (view) =>
          serveDocument(options, exchange, { view, name: null, path: '/-/npm/v1/keys' }),
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
  { secret, packuments }: RegistryAnswersOptions,
  { exchange, name }: { exchange: Exchange; name: string | null },
  work: (view: View) => Promise<Answer>,
): Promise<Answer> {
  const isKept = async (view: View): Promise<boolean> => {
    if (name === null) return false;
    const abbreviated = await packuments.kept({ view, name, form: 'abbreviated' });
    return abbreviated !== null || (await packuments.kept({ view, name, form: 'full' })) !== null;
  };
  const { registry, requester } = exchange;
  return withAccess({ registry, authorization: requester.authorization, secret, isKept }, work);
}

async function servePackument(
  options: RegistryAnswersOptions,
  exchange: Exchange,
  { view, name }: { view: View; name: string },
): Promise<Answer> {
  const { packuments, variants, cache, settings, policy } = options;
  const { request, ledger, signal, registry, base } = exchange;
  const asked = formOf(request.headers.accept);
  const form =
    request.method === 'HEAD' ? await formForHead(options, { view, name, asked }) : asked;
  const target = { view, name, form };
  for (let turn = 0; turn < 2; turn += 1) {
    const found = await packuments.find(target, { ledger, signal, freshness: 'current' });
    const cutting = policy.cutsFor({ view, name, record: found.record }, ledger);
    const cuts = await abortable(cutting, signal);
    const wish = { registry, base, cuts };
    const variant = await ledger.span('cache', () => variants.find(found.record, wish, signal));
    if (variant !== null) {
      const { headers } = request;
      const answer = packumentAnswer(found, variant, {
        cache,
        request: {
          acceptEncoding: headersText(headers['accept-encoding']),
          ifNoneMatch: form === asked ? headers['if-none-match'] : undefined,
          // What policy leaves changes with time and policy, which upstream's date does not tell.
          ifModifiedSince: cuts === null ? headers['if-modified-since'] : undefined,
          isPrivate: view.authorization !== null,
          maxAgeMs: settings.maxAgeMs,
          nowMs: options.nowMs(),
          signal,
        },
      });
      return noticed(form === asked ? answer : withoutForm(answer), cuts?.notice ?? null);
    }
    packuments.forget(target);
  }
  throw new AshlarError('cache_unstable', `the cache loses ${name} as soon as it is stored`);
}

/**
 * Who asks for the head alone, as pnpm 12 does for each package of a lockfile, wants to know when it last changed: the form
 * that is kept says it as well, and where none is, the smaller one does.
 */
async function formForHead(
  { packuments }: RegistryAnswersOptions,
  { view, name, asked }: { view: View; name: string; asked: PackumentForm },
): Promise<PackumentForm> {
  return (await packuments.kept({ view, name, form: asked })) === null ? 'abbreviated' : asked;
}

/** npm shows it to people, who else wonder why there is no newer version. */
function noticed(answer: Answer, notice: string | null): Answer {
  if (notice === null) return answer;
  return { ...answer, headers: { ...answer.headers, 'npm-notice': headerText(notice) } };
}

/** What is true of all forms (RFC 9110, section 9.3.2: a HEAD may be answered with less). */
function withoutForm({ status, headers, state }: Answer): Answer {
  const { etag: _etag, 'content-encoding': _encoding, ...rest } = headers;
  return { status, headers: { ...rest, 'content-type': 'application/json' }, body: null, state };
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
  await abortable(policy.checkTarball({ view, name, file }, ledger), signal);
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
  { documents, nowMs, settings, policy }: RegistryAnswersOptions,
  { ledger, signal, registry, base, request }: Exchange,
  { view, name, path }: { view: View; name: string | null; path: string },
): Promise<Answer> {
  const subject = name ?? 'keys';
  const found = await documents.find(
    { view, path, subject },
    { ledger, signal, freshness: 'current' },
  );
  if (name !== null) {
    const { text } = found.record;
    await abortable(policy.checkDocument({ view, name, text }, ledger), signal);
  }
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
