import type { AshlarError } from '../errors/ashlar-error.ts';
import { once } from '../flow/remember.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { parseReference } from '../oci/reference.ts';
import type { RegistryClientOptions } from '../oci/registry/client-context.ts';
import type { CommandContext } from './command-context.ts';
import type { RegistryCacheSearch } from './find-registry-cache.ts';

/** How a command reads images of registries: through the registry cache, where there is one. */
export interface RegistryAccess {
  /** For the client that reads this image. Throws `reference_invalid` and as `findRegistryCache` does. */
  optionsFor(reference: string): Promise<RegistryClientOptions>;
  /** The cache that all of an image has come through; null for none. */
  through(reference: string): string | null;
}

export interface RegistryAccessOptions {
  readonly ledger: Ledger;
  /** Told once of a cache that is not there, and once of what fails in it. */
  readonly warn: (message: string) => void;
  /** Certificates that registries and the cache may have besides those that are known; default: those of ASHLAR_BUILD_CA. */
  readonly caFile?: string | undefined;
  /** `ignore`: registries are asked directly. Default `use`. */
  readonly mirrors?: MirrorUsage;
}

/** Whether the servers that keep what is fetched from outside are used, where there are any. */
export type MirrorUsage = 'use' | 'ignore';

/** A cache has no logins of this user, and may not have a private image: then the registry is asked, as it should. */
const expected: readonly string[] = ['registry_auth_required', 'base_not_found'];

/** The cache is looked for when the first image is asked for: most builds have theirs in the store. */
export function createRegistryAccess(
  context: CommandContext,
  { ledger, warn, caFile, mirrors = 'use' }: RegistryAccessOptions,
): RegistryAccess {
  const onTiming: RegistryClientOptions['onTiming'] = ({ kind, subject, startMs, durationMs }) =>
    ledger.add(kind, subject, { startMs, durationMs });
  const search = once(async (): Promise<RegistryCacheSearch> => {
    // Loaded only here, as they bring an HTTP client and what reads certificates.
    const { trustBuildCa } = await import('./trust-build-ca.ts');
    await trustBuildCa(context.env, caFile);
    if (mirrors === 'ignore') return { kind: 'none' };
    const { findRegistryCache } = await import('./find-registry-cache.ts');
    const found = await findRegistryCache(context, onTiming);
    if (found.kind === 'silent')
      warn(
        `the registry cache at ${found.url} is done without: ${found.problem} (ASHLAR_REGISTRY_CACHE)`,
      );
    return found;
  });
  const cameThrough = new Map<string, string>();
  return {
    async optionsFor(reference) {
      const cache = cacheFor(parseReference(reference).registry, await search());
      if (cache === null) return { onTiming };
      cameThrough.set(reference, cache.url);
      const onMirrorFailure = ({ code, message }: AshlarError): void => {
        const isFirst = cameThrough.delete(reference);
        if (isFirst && !expected.includes(code))
          warn(
            `the registry cache at ${cache.url} has failed, and the registry is asked: ${message}`,
          );
      };
      return { onTiming, mirrors: cache.mirrors, onMirrorFailure };
    },
    through: (reference) => cameThrough.get(reference) ?? null,
  };
}

interface CacheFor {
  readonly url: string;
  readonly mirrors: Readonly<Record<string, readonly string[]>>;
}

/** Null for a registry that the cache does not have. */
function cacheFor(registry: string, search: RegistryCacheSearch): CacheFor | null {
  if (search.kind !== 'found' || !search.cache.registries.includes(registry)) return null;
  const { url } = search.cache;
  return { url, mirrors: { [registry]: [`${url}/${registry}`] } };
}
