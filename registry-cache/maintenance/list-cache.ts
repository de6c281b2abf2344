import type { ObjectCache } from '../../src/network.ts';
import { decodeTag } from '../manifests/tags.ts';

/** A tag that is kept. */
export interface ListedTag {
  /** Registry and repository, as far as they are readable in what is kept. */
  readonly registry: string;
  readonly repository: string;
  readonly tag: string;
  readonly digest: string;
  /** When upstream said so last; milliseconds since 1970. */
  readonly checkedAtMs: number;
  /** Whether anybody may read it, or one client alone. */
  readonly access: 'public' | 'private';
}

/** The tags that are kept, in no order. */
export async function* listCache(cache: ObjectCache): AsyncGenerator<ListedTag> {
  for await (const { key } of cache.objects.list('tags/')) {
    const value = await cache.peekRecord(key);
    const record = decodeTag(value);
    const { repository, tag } = (value ?? {}) as { repository?: unknown; tag?: unknown };
    if (record === null || typeof repository !== 'string' || typeof tag !== 'string') continue;
    const [, registry = '', access] = key.split('/');
    yield {
      registry: decodeURIComponent(registry),
      repository,
      tag,
      ...record,
      access: access === 'private' ? 'private' : 'public',
    };
  }
}
