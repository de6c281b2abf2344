import type { UpstreamResponse } from '../../src/network.ts';

/** What a registry says of its limit (Docker Hub, "Pull rate limit"): pulls in a window, of an account or address. */
export interface RateLimit {
  readonly limit: number;
  readonly remaining: number;
  /** Seconds; null where the registry does not say. */
  readonly windowSec: number | null;
  /** Milliseconds since 1970. */
  readonly atMs: number;
}

/** What is left of the limits, as the registries said last. */
export interface RateLimits {
  note(registry: string, response: Pick<UpstreamResponse, 'header'>): void;
  of(registry: string): RateLimit | null;
}

export function createRateLimits(nowMs: () => number): RateLimits {
  const known = new Map<string, RateLimit>();
  return {
    note(registry, response) {
      const limit = read(response.header('ratelimit-limit'));
      const remaining = read(response.header('ratelimit-remaining'));
      if (limit === null || remaining === null) return;
      known.set(registry, {
        limit: limit.count,
        remaining: remaining.count,
        windowSec: limit.windowSec ?? remaining.windowSec,
        atMs: nowMs(),
      });
    },
    of: (registry) => known.get(registry) ?? null,
  };
}

/** `100;w=21600`: a count, and the window in seconds. */
function read(text: string | null): { count: number; windowSec: number | null } | null {
  const match = /^\s*(\d{1,9})\s*(?:;\s*w=(\d{1,9})\s*)?$/.exec(text ?? '');
  if (match === null) return null;
  return { count: Number(match[1]), windowSec: match[2] === undefined ? null : Number(match[2]) };
}
