import type { StoredAuthority } from './stored-authority.ts';

const dayMs = 24 * 3600_000;

/** How long authorities and leaves live, and when others take their place. */
export interface AuthorityTimes {
  readonly authorityLifeMs: number;
  /** With less than this left, an authority gets a successor, which is published from then on. */
  readonly successionMs: number;
  /** With less than this left, an authority leaves signing to its successor. */
  readonly handoverMs: number;
  /** So long has a successor to be published before it signs, as long as another can do it. */
  readonly announceMs: number;
  readonly leafLifeMs: number;
  /** Certificates begin so much earlier than they are made: the clocks of machines that wake up are behind. */
  readonly backdateMs: number;
}

export const defaultAuthorityTimes: AuthorityTimes = {
  authorityLifeMs: 3 * 365 * dayMs,
  successionMs: 365 * dayMs,
  handoverMs: 31 * dayMs,
  announceMs: 7 * dayMs,
  leafLifeMs: 30 * dayMs,
  backdateMs: dayMs,
};

/** The authorities that are good now, the one that ends first in front. */
export function validAuthorities(
  authorities: readonly StoredAuthority[],
  nowMs: number,
): readonly StoredAuthority[] {
  return authorities
    .filter(({ notBeforeMs, notAfterMs }) => notBeforeMs <= nowMs && nowMs < notAfterMs)
    .toSorted((left, right) => left.notAfterMs - right.notAfterMs);
}

/** True when no authority permits all the hosts and lives for long enough, so that a new one has to be made. */
export function needsAuthority(
  valid: readonly StoredAuthority[],
  hosts: readonly string[],
  { nowMs, times }: { readonly nowMs: number; readonly times: AuthorityTimes },
): boolean {
  return !valid.some(
    (authority) =>
      authority.notAfterMs - nowMs >= times.successionMs &&
      hosts.every((host) => authority.hosts.includes(host)),
  );
}

/**
 * Which authority signs for a host: of those that permit it, the oldest that is not near its end. So machines that were
 * given an authority long ago go on, and its successor signs only when the machines have had `successionMs` less
 * `handoverMs` to learn of it. A host that no older authority permits is signed for by the new one at once. Where a
 * successor came late, as after a long stop, it waits for `announceMs` while the old one signs to its very end.
 */
export function chooseSigner(
  valid: readonly StoredAuthority[],
  host: string,
  { nowMs, times }: { readonly nowMs: number; readonly times: AuthorityTimes },
): StoredAuthority | null {
  const permitting = validAuthorities(valid, nowMs).filter(({ hosts }) => hosts.includes(host));
  const lasting = permitting.findIndex(({ notAfterMs }) => notAfterMs - nowMs >= times.handoverMs);
  const chosen = permitting.at(lasting);
  if (chosen === undefined || lasting <= 0) return chosen ?? null;
  const publishedMs = chosen.notBeforeMs + times.backdateMs;
  const isAnnounced = nowMs - publishedMs >= times.announceMs;
  return (isAnnounced ? chosen : permitting[lasting - 1]) ?? null;
}
