import type { RateLimitSettings } from './registry-options.ts';

/** What is left of a limit. */
export interface RateLimit {
  /** `GET` uses one up, a HEAD none. */
  take(method: string, source: string): RateLimitAnswer;
}

export interface RateLimitAnswer {
  readonly isExceeded: boolean;
  readonly headers: Readonly<Record<string, string>>;
}

/** As Docker Hub counts and says it. */
export function createRateLimit(
  { limit, remaining = limit, windowSec = 21_600, retryAfterSec }: RateLimitSettings,
  now: () => number = Date.now,
): RateLimit {
  let left = remaining;
  let endsAtMs = now() + windowSec * 1000;
  return {
    take(method, source) {
      if (now() >= endsAtMs) {
        left = limit;
        endsAtMs = now() + windowSec * 1000;
      }
      const isExceeded = method === 'GET' && left === 0;
      if (method === 'GET' && left > 0) left -= 1;
      const wait: Record<string, string> =
        isExceeded && retryAfterSec !== undefined ? { 'retry-after': `${retryAfterSec}` } : {};
      return {
        isExceeded,
        headers: {
          'ratelimit-limit': `${limit};w=${windowSec}`,
          'ratelimit-remaining': `${left};w=${windowSec}`,
          'docker-ratelimit-source': source,
          ...wait,
        },
      };
    },
  };
}
