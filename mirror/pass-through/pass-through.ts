import httpProxy from 'http-proxy-3';
import { AshlarError } from '../../src/index.ts';
import type { RegistryPath } from '../packument/names/registry-path.ts';
import type { Exchange } from '../server/exchange.ts';

/** Hands a request to the registry as it is, with the client's credential, and the answer back; nothing is kept. */
export type PassThrough = (exchange: Exchange, wanted: RegistryPath) => Promise<void>;

const auditTimeoutMs = 5_000;
const searchTimeoutMs = 10_000;
const otherTimeoutMs = 60_000;

/** Installing does not wait long for what it can do without. */
function timeoutFor({ kind }: RegistryPath): number {
  if (kind === 'audit') return auditTimeoutMs;
  return kind === 'search' ? searchTimeoutMs : otherTimeoutMs;
}

/** Resolves when the answer is sent or broken off; throws where no answer came. */
export function createPassThrough(): PassThrough {
  const proxy = httpProxy.createProxyServer({ changeOrigin: true, secure: true });
  return async ({ request, response, registry, path }, wanted) => {
    const [upstream] = registry.upstreams;
    if (upstream === undefined) throw new AshlarError('internal', 'a registry without upstream');
    request.url = path;
    delete request.headers['x-ashlar-build'];
    const done = Promise.withResolvers<void>();
    response.once('close', done.resolve);
    proxy.web(
      request,
      response,
      { target: upstream.href, proxyTimeout: timeoutFor(wanted) },
      (error) => done.reject(failure(error, upstream)),
    );
    await done.promise;
  };
}

function failure(error: Error, { host }: URL): AshlarError {
  return new AshlarError('registry_unavailable', `${host} did not answer: ${error.message}`, {
    cause: error,
  });
}
