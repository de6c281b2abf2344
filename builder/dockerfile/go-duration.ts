const unitNanoseconds: Readonly<Record<string, number>> = {
  ns: 1,
  us: 1e3,
  µs: 1e3,
  μs: 1e3,
  ms: 1e6,
  s: 1e9,
  m: 60e9,
  h: 3600e9,
};
const part = /(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)/y;
const maxNanoseconds = Number.MAX_SAFE_INTEGER;

/**
 * Nanoseconds of a duration as Go writes it (`1m30s`, `1.5h`, `-2s`, `0`); undefined when it is none or longer than
 * 104 days. Source: Go, package time, ParseDuration.
 */
export function parseGoDuration(text: string): number | undefined {
  const sign = text.startsWith('-') ? -1 : 1;
  const magnitude = text.replace(/^[-+]/, '');
  if (magnitude === '0') return 0;
  if (magnitude === '') return undefined;
  let total = 0;
  part.lastIndex = 0;
  while (part.lastIndex < magnitude.length) {
    const found = part.exec(magnitude);
    if (found === null) return undefined;
    total += Number(found[1]) * (unitNanoseconds[found[2] ?? ''] ?? 0);
  }
  return total > maxNanoseconds ? undefined : sign * Math.trunc(total);
}
