import { abbreviatedType, type Packument, type PackumentForm } from './packument.ts';
import type { PublicKey } from './signing-key.ts';
import type { RegistryContent } from './registry-content.ts';
import type { Route } from './route.ts';

/** An answer before a fault is put to it, and before conditions and ranges are looked at. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** A validator for conditions and ranges, where the resource has one. */
  readonly etag?: string;
}

export interface AnswerRequest {
  readonly route: Route;
  readonly form: PackumentForm;
  readonly acceptsGzip: boolean;
  /** What URLs of tarballs begin with; ends in a slash. */
  readonly base: string;
  /** Bearer token, or null. */
  readonly token: string | null;
  /** Of the query. */
  readonly searchText: string;
}

export interface AnswerSource {
  readonly content: RegistryContent;
  readonly keys: readonly PublicKey[];
  /** User name by token. */
  readonly users: Readonly<Record<string, string>>;
  /** What is told to those who may not read a package: that there is none, or that they have to log in. */
  readonly refusal: 401 | 404;
  /** What the bulk audit answers: advisories by package name. */
  readonly advisories: Readonly<Record<string, readonly unknown[]>>;
}

/** The form that a request's Accept header asks for. */
export function wantedForm(accept: string | undefined): PackumentForm {
  return accept?.includes(abbreviatedType) === true ? 'abbreviated' : 'full';
}

export async function makeAnswer(source: AnswerSource, request: AnswerRequest): Promise<Answer> {
  const { route, token } = request;
  if ('name' in route) {
    const readers = source.content.readers(route.name);
    if (readers !== null && (token === null || !readers.includes(token))) {
      return json(source.refusal, { error: source.refusal === 401 ? 'Unauthorized' : 'Not found' });
    }
  }
  switch (route.kind) {
    case 'packument':
      return packumentAnswer(source, route.name, request);
    case 'version':
    case 'dist-tags':
      return partAnswer(source, route, request);
    case 'tarball':
      return tarballAnswer(source, route.path);
    case 'document':
      return bytesAnswer(await source.content.document(route.path));
    case 'keys':
      return json(200, { keys: source.keys });
    case 'search':
      return json(200, searchResult(source.content, request.searchText));
    case 'ping':
      return json(200, {});
    case 'whoami': {
      const username = token === null ? undefined : source.users[token];
      return username === undefined
        ? json(401, { error: 'Unauthorized' })
        : json(200, { username });
    }
    case 'advisories':
      return json(200, source.advisories);
    case 'old-audit':
      return json(410, { error: 'Gone' });
    case 'unknown':
      return json(404, { error: 'Not found' });
  }
}

async function packumentAnswer(
  { content }: AnswerSource,
  name: string,
  { form, base, acceptsGzip }: AnswerRequest,
): Promise<Answer> {
  const found = await content.packument({ name, form, base });
  if (found === null) return json(404, { error: 'Not found' });
  return {
    status: 200,
    etag: found.etag,
    headers: {
      'content-type': form === 'full' ? 'application/json' : abbreviatedType,
      'cache-control': 'public, max-age=300',
      vary: 'accept-encoding, accept',
      etag: found.etag,
      'last-modified': found.lastModified,
      ...(acceptsGzip ? { 'content-encoding': 'gzip' } : {}),
    },
    body: acceptsGzip ? found.gzip : found.bytes,
  };
}

async function partAnswer(
  { content }: AnswerSource,
  route: Extract<Route, { kind: 'version' | 'dist-tags' }>,
  { base }: AnswerRequest,
): Promise<Answer> {
  const found = await content.packument({ name: route.name, form: 'full', base });
  if (found === null) return json(404, { error: 'Not found' });
  const packument = JSON.parse(found.bytes.toString()) as Packument;
  const tags = packument['dist-tags'];
  if (route.kind === 'dist-tags') return json(200, tags);
  const manifest = packument.versions[tags[route.version] ?? route.version];
  return manifest === undefined ? json(404, 'version not found') : json(200, manifest);
}

async function tarballAnswer({ content }: AnswerSource, path: string): Promise<Answer> {
  const found = await content.tarball(path);
  if (found === null) return json(404, { error: 'Not found' });
  return {
    status: 200,
    etag: found.etag,
    headers: {
      'content-type': 'application/octet-stream',
      'cache-control': 'public, immutable, max-age=31557600',
      'accept-ranges': 'bytes',
      etag: found.etag,
      'last-modified': found.lastModified,
    },
    body: found.bytes,
  };
}

function bytesAnswer(body: Buffer | null): Answer {
  if (body === null) return json(404, { error: 'Not found' });
  return { status: 200, headers: { 'content-type': 'application/json' }, body };
}

function searchResult(content: RegistryContent, text: string): object {
  const found = content.names().filter((name) => name.includes(text));
  const objects = found.slice(0, 20).map((name) => ({ package: { name } }));
  return { objects, total: found.length, time: new Date(0).toISOString() };
}

function json(status: number, value: unknown): Answer {
  const body = Buffer.from(JSON.stringify(value));
  return { status, headers: { 'content-type': 'application/json' }, body };
}
