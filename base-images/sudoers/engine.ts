/**
 * Which program answers to `sudo`: the C one (`sudo`, also installed as sudo.ws) or the Rust one (`sudo-rs`), and its upstream
 * version, as a package has it: `1.9.13p3-1+deb12u4` and `1.9.13p3` are the same.
 */
export interface SudoEngine {
  readonly provider: 'sudo' | 'sudo-rs';
  readonly version: string;
}

/** The same as it is found in an image or in data: the version is null where nothing says it. */
export interface FoundSudoEngine {
  readonly provider: SudoEngine['provider'];
  readonly version: string | null;
}

/** Null where there is none, or its version is not known: nothing can be said of what it does then. */
export function knownEngine(found: FoundSudoEngine | null): SudoEngine | null {
  if (found === null || found.version === null) return null;
  return { provider: found.provider, version: found.version };
}

/** Is the version `least` or later? What does not start with a number counts as the oldest. */
export function isAtLeast(version: string, least: string): boolean {
  const have = numbersOf(version);
  const want = numbersOf(least);
  for (let index = 0; index < 4; index += 1) {
    const difference = (have[index] ?? 0) - (want[index] ?? 0);
    if (difference !== 0) return difference > 0;
  }
  return true;
}

/** `1.9.13p3-1+deb12u4` is 1, 9, 13, 3. */
function numbersOf(version: string): number[] {
  const match = /^(?:\d+:)?(\d{1,9})(?:\.(\d{1,9}))?(?:\.(\d{1,9}))?(?:p(\d{1,9}))?/.exec(version);
  return match === null ? [] : match.slice(1).map((part) => Number(part ?? 0));
}
