import { join } from 'node:path';
import { AshlarError } from '../errors/ashlar-error.ts';
import { AttemptFailure } from '../upstream/attempt-failure.ts';
import { createTransport, defaultTimeouts, readBody } from '../upstream/transport.ts';
import type { OnTiming } from '../upstream/timed-connector.ts';
import type { CommandContext } from './command-context.ts';
import { announcedAddresses } from './serving-address.ts';

/** A registry cache that answers. */
export interface FoundRegistryCache {
  /** `http[s]://host[:port]`. */
  readonly url: string;
  /** Names and aliases of the registries that it has. */
  readonly registries: readonly string[];
}

export type RegistryCacheSearch =
  /** `none`: nobody serves one here, or none is wanted. */
  | { readonly kind: 'none' }
  | { readonly kind: 'found'; readonly cache: FoundRegistryCache }
  /** The one that ASHLAR_REGISTRY_CACHE names does not answer. */
  | { readonly kind: 'silent'; readonly url: string; readonly problem: string };

type SearchContext = Pick<CommandContext, 'config' | 'env' | 'signal'>;

const variable = 'ASHLAR_REGISTRY_CACHE';
/** One on this machine answers in a few milliseconds. */
const localTimeoutMs = 500;
const statedTimeoutMs = 3_000;
const maxAnswerBytes = 256 * 1024;

/**
 * The registry cache to ask before registries: the one that ASHLAR_REGISTRY_CACHE names (`none` for none), else one that
 * `ashlar registry-cache serve` runs with the same home. Throws `config_invalid` for a wrong address, and the abort reason.
 */
export async function findRegistryCache(
  context: SearchContext,
  onTiming: OnTiming = () => {},
): Promise<RegistryCacheSearch> {
  const { env, config } = context;
  const stated = env[variable] ?? '';
  if (stated === 'none') return { kind: 'none' };
  if (stated !== '') {
    const url = parseAddress(stated);
    const answer = await ask(context, { url, timeoutMs: statedTimeoutMs, onTiming });
    if (typeof answer === 'string') return { kind: 'silent', url, problem: answer };
    return { kind: 'found', cache: answer };
  }
  for (const url of await announcedAddresses(join(config.home, 'registry-cache'))) {
    const answer = await ask(context, { url, timeoutMs: localTimeoutMs, onTiming });
    if (typeof answer !== 'string') return { kind: 'found', cache: answer };
  }
  return { kind: 'none' };
}

function parseAddress(text: string): string {
  const url = URL.parse(text);
  if (url !== null && /^https?:$/.test(url.protocol) && url.href === `${url.origin}/`)
    return url.origin;
  throw new AshlarError('config_invalid', `${variable} is no plain http or https address`, {
    hint: `Write it as http[s]://host[:port], or ${variable}=none for no cache.`,
  });
}

interface Asked {
  readonly url: string;
  readonly timeoutMs: number;
  readonly onTiming: OnTiming;
}

/** A string says why there is no answer of a registry cache. */
async function ask(
  { env, signal }: SearchContext,
  { url, timeoutMs, onTiming }: Asked,
): Promise<FoundRegistryCache | string> {
  await using transport = createTransport({
    env,
    connections: 1,
    timeouts: { ...defaultTimeouts, connectMs: timeoutMs },
    onTiming,
    monotonicMs: () => performance.now(),
  });
  try {
    const response = await transport.send({
      method: 'GET',
      url: new URL('/-/ashlar/health', url),
      headers: {},
      signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
    });
    const body = await readBody(response, maxAnswerBytes);
    if (response.status !== 200) return `it answers ${response.status}`;
    const registries = registriesIn(body.toString('utf8'));
    return registries === null ? 'it is no registry cache' : { url, registries };
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof AttemptFailure) return problemOf(error);
    if (error instanceof DOMException && error.name === 'TimeoutError')
      return `no answer in ${timeoutMs} ms`;
    throw error;
  }
}

function problemOf({ facts: { code }, message }: AttemptFailure): string {
  return code === 'registry_untrusted' ? `${message}: name its file in ASHLAR_BUILD_CA` : message;
}

/** Null for what no registry cache says. */
function registriesIn(text: string): readonly string[] | null {
  try {
    const { registries } = Object(JSON.parse(text)) as { readonly registries?: unknown };
    const isList = Array.isArray(registries) && registries.every((one) => typeof one === 'string');
    return isList ? registries : null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}
