import { join } from 'node:path';
import { AshlarError } from '../errors/ashlar-error.ts';
import { AttemptFailure } from '../upstream/attempt-failure.ts';
import type { OnTiming } from '../upstream/timed-connector.ts';
import { createTransport, defaultTimeouts, readBody } from '../upstream/transport.ts';
import type { CommandContext } from './command-context.ts';
import { announcedAddresses } from './serving-address.ts';

export type ServerSearch<T> =
  /** Nobody serves one here, or none is wanted. */
  | { readonly kind: 'none' }
  | { readonly kind: 'found'; readonly server: T }
  /** The one that the variable names does not answer, or cannot be used. */
  | { readonly kind: 'silent'; readonly url: string; readonly problem: string };

export interface ServerKind<T> {
  /** Its folder in Ashlar's home. */
  readonly folder: 'mirror' | 'registry-cache';
  /** Names its address, or is `none`. */
  readonly variable: string;
  /** What one is called in `variable=none for no ...`. */
  readonly word: string;
  readonly schemes: readonly ('http' | 'https')[];
  /** Reads what it says of its health; a string says why it is none. */
  read(health: unknown, url: string): T | string;
}

export type SearchContext = Pick<CommandContext, 'config' | 'env' | 'signal'>;

/** One on this machine answers in a few milliseconds. */
const localTimeoutMs = 500;
const statedTimeoutMs = 3_000;
const maxAnswerBytes = 256 * 1024;

/**
 * The server that a variable names, else one that runs with the same home and answers. Throws `config_invalid` for a wrong
 * address, and the abort reason.
 */
export async function findServer<T>(
  context: SearchContext,
  kind: ServerKind<T>,
  onTiming: OnTiming = () => {},
): Promise<ServerSearch<T>> {
  const stated = context.env[kind.variable] ?? '';
  if (stated === 'none') return { kind: 'none' };
  if (stated !== '') {
    const url = parseAddress(stated, kind);
    const answer = await ask(context, kind, { url, timeoutMs: statedTimeoutMs, onTiming });
    if (typeof answer === 'string') return { kind: 'silent', url, problem: answer };
    return { kind: 'found', server: answer };
  }
  for (const url of await announcedAddresses(join(context.config.home, kind.folder))) {
    const answer = await ask(context, kind, { url, timeoutMs: localTimeoutMs, onTiming });
    if (typeof answer !== 'string') return { kind: 'found', server: answer };
  }
  return { kind: 'none' };
}

function parseAddress<T>(text: string, { variable, word, schemes }: ServerKind<T>): string {
  const url = URL.parse(text);
  const isPlain = url !== null && url.href === `${url.origin}/`;
  if (isPlain && schemes.some((scheme) => url.protocol === `${scheme}:`)) return url.origin;
  throw new AshlarError(
    'config_invalid',
    `${variable} is no plain ${schemes.join(' or ')} address`,
    {
      hint: `Write it as ${schemes.length > 1 ? 'http[s]' : 'http'}://host[:port], or ${variable}=none for no ${word}.`,
    },
  );
}

interface Asked {
  readonly url: string;
  readonly timeoutMs: number;
  readonly onTiming: OnTiming;
}

/** A string says why there is no answer of such a server. */
async function ask<T>(
  { env, signal }: SearchContext,
  kind: ServerKind<T>,
  { url, timeoutMs, onTiming }: Asked,
): Promise<T | string> {
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
    return kind.read(jsonOrNull(body.toString('utf8')), url);
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

function jsonOrNull(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}
