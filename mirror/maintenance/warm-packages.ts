import { AshlarError, createLimiter, toAshlarError } from '../../src/index.ts';
import { createRequestLedger } from '../../src/network.ts';
import type { NeededPackage } from '../lockfile/list-lockfile.ts';
import type { MirrorCore } from '../mirror-core.ts';
import { parsePackageName } from '../packument/names/package-name.ts';
import { parseRegistryPath } from '../packument/names/registry-path.ts';
import type { Registries, Registry } from '../registries/registry.ts';
import { publicView } from '../registries/view.ts';
import type { TarballName } from '../tarballs/stated-tarball.ts';

export interface WarmSummary {
  readonly fetched: number;
  /** Those that were there before. */
  readonly kept: number;
  /** Of those that were fetched. */
  readonly bytes: number;
  readonly failures: readonly { readonly subject: string; readonly problem: string }[];
}

export interface WarmOptions {
  readonly signal: AbortSignal;
  readonly onProgress: (progress: { readonly done: number; readonly total: number }) => void;
}

/** Upstream is asked for no more at a time than this. */
const places = 32;

/** Fetches tarballs into the cache, as anybody may read them; goes on when some fail, and says which. */
export async function warmPackages(
  core: MirrorCore,
  needed: readonly NeededPackage[],
  { signal, onProgress }: WarmOptions,
): Promise<WarmSummary> {
  const failures: { subject: string; problem: string }[] = [];
  const sums = { fetched: 0, kept: 0, bytes: 0, done: 0 };
  const limiter = createLimiter(places);
  for (const each of needed) {
    await limiter.enter(async () => {
      const subject = `${each.name}@${each.version ?? '?'}`;
      try {
        const outcome = await warm(core, each, signal);
        if (outcome.kind === 'kept') sums.kept += 1;
        else {
          sums.fetched += 1;
          sums.bytes += outcome.sizeBytes;
        }
      } catch (error) {
        signal.throwIfAborted();
        failures.push({ subject, problem: toAshlarError(error).message });
      }
      sums.done += 1;
      onProgress({ done: sums.done, total: needed.length });
    });
  }
  await limiter.drain();
  await core.tarballs.settled();
  const { fetched, kept, bytes } = sums;
  return { fetched, kept, bytes, failures };
}

async function warm(
  { tarballs, registries }: MirrorCore,
  needed: NeededPackage,
  signal: AbortSignal,
): Promise<{ kind: 'kept' } | { kind: 'fetched'; sizeBytes: number }> {
  const tarball = locate(registries, needed);
  using found = await tarballs.find(tarball, { ledger: createRequestLedger(), signal });
  if (found.kind === 'kept') return { kind: 'kept' };
  const { sizeBytes } = await found.transfer.verified;
  return { kind: 'fetched', sizeBytes };
}

/** The registry and the file of a tarball: by its address, or by name and version where the lockfile has no address. */
function locate(registries: Registries, { name, version, url }: NeededPackage): TarballName {
  const parsed = parsePackageName(name);
  const address = url === null ? null : URL.parse(url);
  if (address === null) {
    if (version === null) throw unusable(`${name} has neither address nor version`);
    const registry = registries.forScope(parsed.scope);
    return { view: publicView(registry), name, file: `${parsed.unscoped}-${version}.tgz` };
  }
  const registry = registryAt(registries, address);
  if (registry === null) throw unusable(`${address.host} is no registry of this mirror`);
  const path = parseRegistryPath(address.pathname);
  if (path.kind !== 'tarball') throw unusable(`${address.pathname} is no path of a tarball`);
  return { view: publicView(registry), name: path.package.name, file: path.file };
}

function registryAt(registries: Registries, { host }: URL): Registry | null {
  const known = registries.byHost(host);
  if (known !== undefined) return known;
  return (
    registries.all.find(({ upstreams }) => upstreams.some((each) => each.host === host)) ?? null
  );
}

function unusable(problem: string): AshlarError {
  return new AshlarError('lockfile_invalid', problem);
}
