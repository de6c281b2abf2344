/** The addresses by which clients know this mirror, as far as packuments rewritten to them are kept. */
export interface KeptBases {
  /** Whether what is rewritten to this address is kept. Asking counts as use. */
  admit(base: string): boolean;
}

/** Clients say by which address they know the mirror, so anybody can make up any number of them. */
const maxOrigins = 32;
/** Then an address may give up its place. */
const idleMs = 3600_000;

export function createKeptBases(nowMs: () => number): KeptBases {
  /** The one that was used longest ago comes first. */
  const usedAtMs = new Map<string, number>();
  return {
    admit(base) {
      const { origin } = new URL(base);
      const isKnown = usedAtMs.delete(origin);
      if (!isKnown && usedAtMs.size >= maxOrigins) {
        const [oldest] = usedAtMs;
        if (oldest === undefined || nowMs() - oldest[1] < idleMs) return false;
        usedAtMs.delete(oldest[0]);
      }
      usedAtMs.set(origin, nowMs());
      return true;
    },
  };
}
