import type { AshlarError } from './ashlar-error.ts';

/** Tells of a problem unless one with the same code was told of within the period: many requests meet the same one. */
export function seldom(
  tell: (problem: AshlarError) => void,
  { periodMs, nowMs }: { readonly periodMs: number; readonly nowMs: () => number },
): (problem: AshlarError) => void {
  const toldMs = new Map<string, number>();
  return (problem) => {
    const { code } = problem;
    if (nowMs() - (toldMs.get(code) ?? -Infinity) < periodMs) return;
    toldMs.set(code, nowMs());
    tell(problem);
  };
}
