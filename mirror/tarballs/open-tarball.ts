import {
  AttemptFailure,
  bookResponse,
  type OpenBody,
  type OpenedBody,
  type RequestLedger,
  type Upstream,
  type UpstreamResponse,
} from '../../src/network.ts';
import type { FetchContext } from '../fetch-context.ts';
import { folderOf, isRegistryHost } from '../registries/registry-hosts.ts';
import type { View } from '../registries/view.ts';
import { refusalOf } from '../upstream/refusal.ts';

export interface TarballSource {
  readonly view: View;
  readonly name: string;
  /** Path at the registry, from `/` on. */
  readonly path: string;
  /** Where the packument says that the tarball is; asked where the usual path gives nothing. */
  readonly statedUrl: () => Promise<URL | null>;
  readonly ledger: RequestLedger;
}

/** Opens a tarball at its registry, from an offset where a first attempt broke off. */
export function createTarballOpener(context: FetchContext, source: TarballSource): OpenBody {
  const upstream = context.upstreamOf(source.view.registry);
  let target: string | URL = source.path;
  return async (from) => {
    const response = await ask(context, upstream, { source, from, target });
    bookResponse(source.ledger, response);
    if (response.status !== 404) return accept(source, response, from.offset);
    await response.discard();
    const elsewhere = typeof target === 'string' ? await targetOf(source) : target;
    if (elsewhere === target || elsewhere === null)
      throw refusalOf(response, { name: source.name, view: source.view });
    target = elsewhere;
    return accept(source, await ask(context, upstream, { source, from, target }), from.offset);
  };
}

interface Asked {
  readonly source: TarballSource;
  readonly from: Parameters<OpenBody>[0];
  readonly target: string | URL;
}

function ask(
  context: FetchContext,
  upstream: Upstream,
  { source, from, target }: Asked,
): Promise<UpstreamResponse> {
  const resumes = from.offset > 0 && from.validator !== null;
  return upstream.send({
    method: 'GET',
    target,
    headers: {
      accept: '*/*',
      'accept-encoding': 'identity',
      ...(resumes ? { range: `bytes=${from.offset}-`, 'if-range': from.validator ?? '' } : {}),
    },
    authorization: mayAuthorize(source.view, target) ? source.view.authorization : null,
    lane: 'long',
    timeoutMs: context.settings.fetchTimeoutMs,
    signal: from.signal,
  });
}

/** A credential goes to the registry's own hosts, not to where its packuments point. */
function mayAuthorize({ registry }: View, target: string | URL): boolean {
  if (typeof target === 'string') return true;
  return registry.upstreams.some(({ origin }) => origin === target.origin);
}

/**
 * Where to ask instead: another path of the registry, or another host. A registry below a path may have its tarballs elsewhere
 * on its host, as GitLab's is below `/api/v4/packages/npm/` and they are below `/api/v4/projects/`: there its host is asked.
 */
async function targetOf({ path, statedUrl, view }: TarballSource): Promise<string | URL | null> {
  const stated = await statedUrl();
  if (stated === null) return null;
  const { registry } = view;
  if (!isRegistryHost(registry, stated)) return stated;
  const ownPath = `${stated.pathname}${stated.search}`;
  const bases = registry.upstreams.filter(({ host }) => host === stated.host);
  const base = bases.find((each) => stated.pathname.startsWith(folderOf(each)));
  const [home] = bases;
  if (home !== undefined && base === undefined) return new URL(ownPath, home.origin);
  const below = base === undefined ? ownPath : ownPath.slice(folderOf(base).length - 1);
  return below === path ? path : below;
}

async function accept(
  { name, view }: TarballSource,
  response: UpstreamResponse,
  wantedOffset: number,
): Promise<OpenedBody> {
  const validator = validatorOf(response);
  if (response.status === 200) {
    const length = response.header('content-length');
    const totalBytes = length !== null && /^\d{1,15}$/.test(length) ? Number(length) : null;
    return { offset: 0, totalBytes, validator, body: response.body, discard: response.discard };
  }
  if (response.status === 206) {
    const range = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(response.header('content-range') ?? '');
    if (range === null) throw await broken(response, 'sent a part without saying which');
    const totalBytes = range[2] === '*' ? null : Number(range[2]);
    return {
      offset: Number(range[1]),
      totalBytes,
      validator,
      body: response.body,
      discard: response.discard,
    };
  }
  if (response.status === 416) throw await broken(response, `has nothing at ${wantedOffset}`);
  await response.discard();
  throw refusalOf(response, { name, view });
}

/** A strong ETag, else the time of the last change (RFC 9110, section 13.1.5). */
function validatorOf(response: UpstreamResponse): string | null {
  const etag = response.header('etag');
  if (etag !== null && !etag.startsWith('W/')) return etag;
  return response.header('last-modified');
}

async function broken(response: UpstreamResponse, problem: string): Promise<AttemptFailure> {
  await response.discard();
  return new AttemptFailure(`${response.url.host} ${problem}`, {
    code: 'registry_corrupt',
    isPassing: true,
  });
}
