import { AshlarError, createLimiter, toAshlarError } from '../../src/index.ts';
import { createRequestLedger } from '../../src/network.ts';
import type { NeededPackage } from '../lockfile/list-lockfile.ts';
import type { MirrorCore } from '../mirror-core.ts';
import { parsePackageName } from '../packument/names/package-name.ts';
import { parseRegistryPath } from '../packument/names/registry-path.ts';
import type { Registries, Registry } from '../registries/registry.ts';
import type { View } from '../registries/view.ts';
import { withAccess } from '../server/with-access.ts';
import { npmAuthorization, type NpmSetting } from './npm-credentials.ts';

export interface WarmSummary {
  /** Tarballs that are in the cache from now on. */
  readonly fetched: number;
  /** Those that were there before. */
  readonly kept: number;
  /** Of those that were fetched. */
  readonly bytes: number;
  /** What cannot be had, or was fetched and cannot be kept. */
  readonly failures: readonly WarmFailure[];
}

export interface WarmFailure {
  readonly subject: string;
  readonly problem: string;
  /** What to do about it. */
  readonly hint: string;
}

export interface WarmOptions {
  readonly signal: AbortSignal;
  readonly onProgress: (progress: { readonly done: number; readonly total: number }) => void;
  /** Whose credentials are used for what not anybody may read: it is then kept for who comes with the same. */
  readonly npmSettings: NpmSetting;
  /** Keeps the names of private records from telling anything of their credentials. */
  readonly secret: Buffer;
}

/** Upstream is asked for no more at a time than this. */
const places = 32;

/**
 * Fetches tarballs into the cache, and the abbreviated packuments of their packages, which clients ask for when a lockfile
 * does not tell all. Goes on when some fail, and says which.
 */
export async function warmPackages(
  core: MirrorCore,
  needed: readonly NeededPackage[],
  options: WarmOptions,
): Promise<WarmSummary> {
  const { signal, onProgress } = options;
  const failures: WarmFailure[] = [];
  const sums = { fetched: 0, kept: 0, bytes: 0, done: 0 };
  const limiter = createLimiter(places);
  for (const each of needed) {
    await limiter.enter(async () => {
      try {
        const outcome = await warm(core, each, options);
        sums[outcome.kind] += 1;
        sums.bytes += outcome.bytes;
      } catch (error) {
        signal.throwIfAborted();
        const subject = `${each.name}@${each.version ?? '?'}`;
        const { message, hint } = toAshlarError(error);
        failures.push({ subject, problem: message, hint });
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

interface Warmed {
  readonly kind: 'kept' | 'fetched';
  /** That were fetched. */
  readonly bytes: number;
}

async function warm(
  core: MirrorCore,
  needed: NeededPackage,
  { signal, npmSettings, secret }: WarmOptions,
): Promise<Warmed> {
  const { registry, name, file, address } = locate(core.registries, needed);
  const authorization = authorizationFor(npmSettings, registry, address);
  // What anybody may read is kept for anybody, with or without a credential.
  const access = { registry, authorization, secret, isKept: async () => false };
  return withAccess(access, async (view) => {
    const warmed = await warmTarball(core, { view, name, file }, signal);
    await warmPackument(core, { view, name }, signal);
    return warmed;
  });
}

async function warmTarball(
  { tarballs }: MirrorCore,
  tarball: { readonly view: View; readonly name: string; readonly file: string },
  signal: AbortSignal,
): Promise<Warmed> {
  using found = await tarballs.find(tarball, { ledger: createRequestLedger(), signal });
  if (found.kind === 'kept') return { kind: 'kept', bytes: 0 };
  const outcome = await found.stored;
  if (outcome.kind === 'kept')
    return { kind: 'fetched', bytes: found.transfer.verifiedBytes() ?? 0 };
  const { code, message } = outcome.because;
  throw new AshlarError(code, `was fetched, but cannot be kept: ${message}`, {
    cause: outcome.because,
    hint: outcome.because.hint,
  });
}

async function warmPackument(
  { packuments }: MirrorCore,
  { view, name }: { readonly view: View; readonly name: string },
  signal: AbortSignal,
): Promise<void> {
  const ask = { ledger: createRequestLedger(), signal, freshness: 'current' } as const;
  await packuments.find({ view, name, form: 'abbreviated' }, ask);
}

interface Located {
  readonly registry: Registry;
  readonly name: string;
  readonly file: string;
  /** As the lockfile has it. */
  readonly address: URL | null;
}

/** The registry and the file of a tarball: by its address, or by name and version where the lockfile has no address. */
function locate(registries: Registries, { name, version, url }: NeededPackage): Located {
  const parsed = parsePackageName(name);
  const address = url === null ? null : URL.parse(url);
  if (address === null) {
    if (version === null) throw unusable(`${name} has neither address nor version`);
    const registry = registries.forScope(parsed.scope);
    return { registry, name, file: `${parsed.unscoped}-${version}.tgz`, address };
  }
  const registry = registryAt(registries, address);
  if (registry === null) throw unusable(`${address.host} is no registry of this mirror`);
  const path = parseRegistryPath(address.pathname);
  if (path.kind !== 'tarball') throw unusable(`${address.pathname} is no path of a tarball`);
  return { registry, name: path.package.name, file: path.file, address };
}

/** npm's configuration names the registry by the hosts that clients know, or by where it is. */
function authorizationFor(
  settings: NpmSetting,
  { hosts, upstreams }: Registry,
  address: URL | null,
): string | null {
  const known = hosts.map((host) => new URL(`https://${host}`));
  const places = [...(address === null ? [] : [address]), ...known, ...upstreams];
  for (const place of places) {
    const authorization = npmAuthorization(settings, place);
    if (authorization !== null) return authorization;
  }
  return null;
}

function registryAt(registries: Registries, { host }: URL): Registry | null {
  const known = registries.byHost(host);
  if (known !== undefined) return known;
  return (
    registries.all.find(({ upstreams }) => upstreams.some((each) => each.host === host)) ?? null
  );
}

function unusable(problem: string): AshlarError {
  return new AshlarError('lockfile_invalid', problem, {
    hint: 'Name the registry in the configuration (--config), or leave this package out: clients fetch it from where the lockfile says.',
  });
}
