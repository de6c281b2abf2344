import * as z from 'zod';
import { AshlarError, systemErrorCode } from '../../src/index.ts';
import {
  AttemptFailure,
  bookResponse,
  createRefreshed,
  deeperThan,
  type Fetched,
  maxRecordBytes,
  readBody,
  type Refreshed,
  type RequestLedger,
  type UpstreamResponse,
  withRetries,
} from '../../src/network.ts';
import { documentKey } from '../cache/cache-paths.ts';
import type { FetchContext } from '../fetch-context.ts';
import type { View } from '../registries/view.ts';
import { conditionsFor } from '../upstream/conditions.ts';
import { refusalOf } from '../upstream/refusal.ts';
import { viewRules } from './view-rules.ts';

/** Something small that a registry has besides packuments: its keys, attestations, a single version, dist-tags. */
export interface SmallDocumentTarget {
  readonly view: View;
  /** The path at the registry, with its query. */
  readonly path: string;
  /** For people, such as `keys` or a package. */
  readonly subject: string;
}

export interface SmallDocument {
  readonly etag: string | null;
  readonly lastModified: string | null;
  readonly contentType: string;
  readonly text: string;
  readonly checkedAtMs: number;
}

export type SmallDocuments = Refreshed<SmallDocumentTarget, SmallDocument>;

/** What a record has besides the text. */
const headBytes = 64 * 1024;
/** In a record the text is a JSON string: a quote, a backslash or a line's end takes two bytes there, and nothing more. */
const maxBytes = maxRecordBytes / 2 - headBytes;
/** A client that waits has its answer from another attempt. */
const maxBodyMs = 15_000;
/** About what a record takes in memory besides the text. */
const recordBytes = 1_000;
/** As of packuments. */
const maxDepth = 64;
/** The page of a proxy may stand in the place of a document once, and not the next time. */
const maxTimesInvalid = 4;

const schema = z.object({
  version: z.literal(1),
  etag: z.string().nullable(),
  lastModified: z.string().nullable(),
  contentType: z.string(),
  text: z.string(),
  checkedAtMs: z.number(),
});

export function createSmallDocuments(context: FetchContext): SmallDocuments {
  const { cache } = context;
  return createRefreshed<SmallDocumentTarget, SmallDocument>(context, {
    ...viewRules(context),
    keyOf,
    changedAtMs: ({ view, subject }) =>
      Math.max(
        context.changes.lastMs(view.registry, subject),
        context.withdrawals.lastMs(view, subject),
      ),
    withdrawnWith: (target) => [target],
    async load(target) {
      const { data } = schema.safeParse(await cache.readRecord(keyOf(target)));
      const withdrawnAtMs = context.withdrawals.lastMs(target.view, target.subject);
      return data !== undefined && data.checkedAtMs > withdrawnAtMs ? data : null;
    },
    save: (target, document) => cache.writeRecord(keyOf(target), { version: 1, ...document }),
    drop: (target) => cache.drop(keyOf(target)),
    fetch: (target, from) => fetchDocument(context, target, from),
    sizeBytes: ({ text }) => recordBytes + text.length,
    maxAgeMsOf: () => context.settings.maxAgeMs,
  });
}

function keyOf({ view, path }: SmallDocumentTarget): string {
  return documentKey(view, path);
}

interface DocumentSource {
  readonly stored: SmallDocument | null;
  readonly ledger: RequestLedger;
}

async function fetchDocument(
  context: FetchContext,
  target: SmallDocumentTarget,
  source: DocumentSource,
): Promise<Fetched<SmallDocument>> {
  const { retry: policy, waiting, signal, settings } = context;
  const timeoutMs = Math.min(maxBodyMs, settings.fetchTimeoutMs);
  const times = { invalid: 0 };
  return withRetries({ policy, waiting, signal, giveUp }, async () => {
    const response = await ask(context, target, source.stored);
    bookResponse(source.ledger, response);
    const checkedAtMs = waiting.nowMs();
    if (response.status === 200)
      return receive(target, { ...source, response, checkedAtMs, times, timeoutMs });
    await response.discard();
    if (response.status === 304 && source.stored !== null)
      return { record: { ...source.stored, checkedAtMs }, outcome: 'confirmed' };
    throw refusalOf(response, { name: target.subject, view: target.view });
  });
}

function ask(
  { upstreamOf, settings, signal }: FetchContext,
  { view, path }: SmallDocumentTarget,
  stored: SmallDocument | null,
): Promise<UpstreamResponse> {
  return upstreamOf(view.registry).send({
    method: 'GET',
    target: path,
    headers: { accept: 'application/json', ...conditionsFor(stored) },
    authorization: view.authorization,
    timeoutMs: settings.fetchTimeoutMs,
    signal,
  });
}

interface Answered extends DocumentSource {
  readonly response: UpstreamResponse;
  readonly checkedAtMs: number;
  /** How often upstream has said so in these attempts. */
  readonly times: { invalid: number };
  readonly timeoutMs: number;
}

async function receive(
  { subject }: SmallDocumentTarget,
  { response, ledger, checkedAtMs, times, timeoutMs }: Answered,
): Promise<Fetched<SmallDocument>> {
  const bytes = await ledger.span('upstream', () => readBody(response, maxBytes, { timeoutMs }));
  const text = jsonText(bytes);
  if (text === null) {
    times.invalid += 1;
    throw noDocument(subject, response, times.invalid);
  }
  const record = {
    etag: response.header('etag'),
    lastModified: response.header('last-modified'),
    contentType: response.header('content-type') ?? 'application/json',
    text,
    checkedAtMs,
  };
  return { record, outcome: 'fetched' };
}

/** Null for what is no JSON in UTF-8 (RFC 8259, section 8.1), or nested deeper than readers of JSON go. */
function jsonText(bytes: Uint8Array): string | null {
  if (deeperThan(bytes, maxDepth)) return null;
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    JSON.parse(text);
    return text;
  } catch (error) {
    if (
      error instanceof SyntaxError ||
      systemErrorCode(error) === 'ERR_ENCODING_INVALID_ENCODED_DATA'
    )
      return null;
    throw error;
  }
}

function noDocument(subject: string, { url }: UpstreamResponse, times: number): AttemptFailure {
  const isPassing = times < maxTimesInvalid;
  const problem = `${url.host} sent something else than JSON for ${subject}, or nests it too deep`;
  return new AttemptFailure(problem, { code: 'registry_corrupt', isPassing });
}

function giveUp(failure: AttemptFailure, attempts: number): AshlarError {
  return new AshlarError(failure.facts.code, `${failure.message}; asked ${attempts} times`, {
    cause: failure,
  });
}
