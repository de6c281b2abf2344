import { abortable } from '../../src/index.ts';
import { createRecentMap, type StoredObject } from '../../src/network.ts';
import { bodyKey } from '../cache/cache-paths.ts';
import type { FetchContext } from '../fetch-context.ts';
import { splice } from '../packument/splice.ts';
import type { Indexes } from './indexes.ts';
import { createKeptBases } from './kept-bases.ts';
import { makeVariant } from './make-variant.ts';
import type { PackumentRecord } from './packument-record.ts';
import { decompressed, findBody } from './stored-body.ts';
import { editsFor, keyOfEdited, type VariantWish } from './variant-edits.ts';

/** A packument as one client is to see it, and a name for these very bytes. */
export interface PackumentVariant {
  readonly tag: string;
  /** As gzip; null where it is not kept, but made anew for each who reads it. */
  readonly gzip: StoredObject | null;
  /** As JSON. Nothing is done before it is read. */
  plain(signal: AbortSignal): AsyncIterable<Buffer>;
}

export interface PackumentVariants {
  /**
   * The packument as is wished. The bytes of upstream where they are that already; else they are made once and kept, or
   * made as they are read for addresses of which there are too many to keep all. Null when the packument's bytes are gone
   * from the cache. The signal ends the waiting, and no making.
   */
  find(
    record: PackumentRecord,
    wish: VariantWish,
    signal: AbortSignal,
  ): Promise<PackumentVariant | null>;
}

const keptDecisions = 50_000;

type VariantContext = Pick<FetchContext, 'cache' | 'waiting' | 'heavyWork' | 'signal'>;

export function createPackumentVariants(
  context: VariantContext,
  indexes: Indexes,
): PackumentVariants {
  const { cache, waiting } = context;
  const bases = createKeptBases(waiting.nowMs);
  /** Keys of objects, by what was wished. */
  const decided = createRecentMap<string>(keptDecisions);
  const underWay = new Map<string, Promise<string | null>>();

  const decideOnce = (
    question: string,
    { body, wish }: { body: string; wish: VariantWish },
  ): Promise<string | null> => {
    const running = underWay.get(question);
    if (running !== undefined) return running;
    const run = decide(context, { body, wish, indexes });
    underWay.set(question, run);
    return run.finally(() => underWay.delete(question));
  };

  return {
    async find({ body }, wish, signal) {
      const { registry, base, cuts } = wish;
      const isKept = registry.hosts.includes(new URL(base).host) || bases.admit(base);
      if (!isKept) return madeWhileRead(context, { body, wish, indexes });
      const question = `${body} ${base} ${registry.name} ${cuts?.name ?? ''}`;
      const key =
        decided.get(question) ?? (await abortable(decideOnce(question, { body, wish }), signal));
      const isBody = key === bodyKey(body);
      const gzip = key === null ? null : await (isBody ? findBody(cache, body) : cache.find(key));
      if (key === null || gzip === null) {
        decided.delete(question);
        return null;
      }
      decided.set(question, key);
      return { tag: tagOf(key), gzip, plain: (stop) => decompressed(cache, gzip, stop) };
    },
  };
}

interface Asked {
  readonly body: string;
  readonly wish: VariantWish;
  readonly indexes: Indexes;
}

/** The key of the object that is as is wished, which is made where there is none yet; null when the body is gone. */
async function decide(
  context: VariantContext,
  { body, wish, indexes }: Asked,
): Promise<string | null> {
  const index = await indexes.find(body);
  if (index === null) return null;
  const edits = editsFor(index, wish);
  const key = keyOfEdited(body, edits);
  if (edits.length === 0 || (await context.cache.has([key]))) return key;
  return (await makeVariant(context, { key, body, edits, index })) ? key : null;
}

/** Not compressed, which would take a processor for each who asks. */
async function madeWhileRead(
  { cache }: Pick<FetchContext, 'cache'>,
  { body, wish, indexes }: Asked,
): Promise<PackumentVariant | null> {
  const index = await indexes.find(body);
  const source = await findBody(cache, body);
  if (index === null || source === null) return null;
  const edits = editsFor(index, wish);
  const edited = splice(edits, index.sizeBytes);
  return {
    tag: tagOf(keyOfEdited(body, edits)),
    gzip: edits.length === 0 ? source : null,
    plain: (signal) => edited(decompressed(cache, source, signal)),
  };
}

function tagOf(key: string): string {
  return key.slice(-40);
}
