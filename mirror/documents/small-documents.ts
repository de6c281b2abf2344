import * as z from 'zod';
import { AshlarError } from '../../src/index.ts';
import {
  AttemptFailure,
  readBody,
  type RequestLedger,
  type UpstreamResponse,
  withRetries,
} from '../../src/network.ts';
import { documentKey } from '../cache/cache-paths.ts';
import type { FetchContext } from '../fetch-context.ts';
import type { View } from '../registries/view.ts';
import { bookResponse } from '../upstream/book-response.ts';
import { conditionsFor } from '../upstream/conditions.ts';
import { refusalOf } from '../upstream/refusal.ts';
import { createRefreshed, type Refreshed } from './refreshed.ts';

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

const maxBytes = 4 * 1024 ** 2;
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
    keyOf: ({ view, path }) => documentKey(view, path),
    async load(key) {
      const parsed = schema.safeParse(await cache.readRecord(key));
      return parsed.success ? parsed.data : null;
    },
    save: (key, document) => cache.writeRecord(key, { version: 1, ...document }),
    drop: cache.drop,
    fetch: (target, from) => fetchDocument(context, target, from),
    maxAgeMs: context.settings.maxAgeMs,
  });
}

async function fetchDocument(
  context: FetchContext,
  { view, path, subject }: SmallDocumentTarget,
  { stored, ledger }: { stored: SmallDocument | null; ledger: RequestLedger },
): Promise<{ record: SmallDocument; outcome: 'fetched' | 'confirmed' }> {
  const { retry: policy, waiting, signal } = context;
  let timesInvalid = 0;
  return withRetries({ policy, waiting, signal, giveUp }, async () => {
    const response = await context.upstreamOf(view.registry).send({
      method: 'GET',
      target: path,
      headers: {
        accept: 'application/json',
        ...conditionsFor(stored),
      },
      authorization: view.authorization,
      timeoutMs: context.settings.fetchTimeoutMs,
      signal,
    });
    bookResponse(ledger, response);
    const checkedAtMs = waiting.nowMs();
    if (response.status === 304 && stored !== null) {
      await response.discard();
      return { record: { ...stored, checkedAtMs }, outcome: 'confirmed' };
    }
    if (response.status !== 200) {
      await response.discard();
      throw refusalOf(response, { name: subject, view });
    }
    const bytes = await ledger.span('upstream', () => readBody(response, maxBytes));
    const text = bytes.toString('utf8');
    if (!isJson(text)) {
      timesInvalid += 1;
      throw noDocument(subject, response, timesInvalid);
    }
    const record = {
      etag: response.header('etag'),
      lastModified: response.header('last-modified'),
      contentType: response.header('content-type') ?? 'application/json',
      text,
      checkedAtMs,
    };
    return { record, outcome: 'fetched' };
  });
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch (error) {
    if (error instanceof SyntaxError) return false;
    throw error;
  }
}

function noDocument(subject: string, { url }: UpstreamResponse, times: number): AttemptFailure {
  const isPassing = times < maxTimesInvalid;
  const problem = `${url.host} sent something else than JSON for ${subject}`;
  return new AttemptFailure(problem, { code: 'registry_corrupt', isPassing });
}

function giveUp(failure: AttemptFailure, attempts: number): AshlarError {
  return new AshlarError(failure.facts.code, `${failure.message}; asked ${attempts} times`, {
    cause: failure,
  });
}
