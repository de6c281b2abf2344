/** When upstream last let a view read a repository, in milliseconds since 1970; 0 for what is no record of that. */
export function decodeGrant(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  const { confirmedAtMs } = value as { confirmedAtMs?: unknown };
  return typeof confirmedAtMs === 'number' && Number.isFinite(confirmedAtMs) ? confirmedAtMs : 0;
}
