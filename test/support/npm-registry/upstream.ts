import { createRequire } from 'node:module';
import { EnvHttpProxyAgent, request } from 'undici';

/** The registry that recordings are made from. */
export interface Upstream extends AsyncDisposable {
  /** As npm is configured; ends in a slash. */
  readonly url: string;
  /** Ends in a slash. What npm takes when nothing is configured. */
  readonly publicUrl: string;
  /** Undefined where upstream answers 404 or 403. Throws when it answers anything else but 200, or too much. */
  get(path: string, options?: GetOptions): Promise<UpstreamAnswer | undefined>;
}

export interface GetOptions {
  readonly accept?: string;
}

export interface UpstreamAnswer {
  readonly body: Buffer;
  readonly etag: string | undefined;
  readonly lastModified: string | undefined;
}

interface NpmSettings {
  readonly config: { get(key: string): unknown };
}
interface NpmConf {
  (): NpmSettings;
  readonly defaults: { readonly registry: string };
}

const maxBodyBytes = 128 * 1024 * 1024;
const answerTimeoutMs = 60_000;
const attempts = 3;

/** The public registry's address, as npm's own default has it; ends in a slash. */
export function publicRegistryUrl(): string {
  return loadNpmConf().defaults.registry;
}

/** Reads from the registry that npm's configuration of this user names, with its token and certificates. */
export function openUpstream(): Upstream {
  const npmConf = loadNpmConf();
  const { config } = npmConf();
  const url = withSlash(
    (config.get('registry') as string | undefined) ?? npmConf.defaults.registry,
  );
  const token = config.get(`${url.replace(/^https?:/, '')}:_authToken`);
  const ca = config.get('ca') as string | string[] | null | undefined;
  const agent = new EnvHttpProxyAgent({ connections: 8, ...(ca ? { connect: { ca } } : {}) });
  const authorization = typeof token === 'string' ? { authorization: `Bearer ${token}` } : {};

  const getOnce = async (target: URL, accept: string): Promise<UpstreamAnswer | undefined> => {
    const answer = await request(target, {
      dispatcher: agent,
      headers: { accept, ...authorization },
      headersTimeout: answerTimeoutMs,
      bodyTimeout: answerTimeoutMs,
    });
    if (answer.statusCode === 404 || answer.statusCode === 403) {
      await answer.body.dump();
      return undefined;
    }
    if (answer.statusCode !== 200) {
      await answer.body.dump();
      throw new TypeError(`${target.pathname} of the upstream registry: ${answer.statusCode}`);
    }
    const parts: Buffer[] = [];
    let sizeBytes = 0;
    for await (const part of answer.body as AsyncIterable<Buffer>) {
      sizeBytes += part.length;
      if (sizeBytes > maxBodyBytes) throw new RangeError(`${target.pathname}: too large`);
      parts.push(part);
    }
    const { etag, 'last-modified': lastModified } = answer.headers;
    return { body: Buffer.concat(parts), etag: single(etag), lastModified: single(lastModified) };
  };

  return {
    url,
    publicUrl: npmConf.defaults.registry,
    async get(path, options = {}) {
      const target = new URL(path.replace(/^\//, ''), url);
      for (let attempt = 1; ; attempt += 1) {
        try {
          return await getOnce(target, options.accept ?? '*/*');
        } catch (error) {
          if (attempt === attempts || error instanceof RangeError) throw error;
        }
      }
    },
    [Symbol.asyncDispose]: () => agent.close(),
  };
}

/** The library has no types of its own. */
function loadNpmConf(): NpmConf {
  return createRequire(import.meta.url)('@pnpm/npm-conf') as NpmConf;
}

function withSlash(url: string): string {
  return url.endsWith('/') ? url : `${url}/`;
}

function single(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header[0] : header;
}
