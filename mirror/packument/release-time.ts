const isoDate = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/;

/**
 * The milliseconds since 1970 of a time in a packument (RFC 3339, with or without fractions of a second); null for
 * anything else that Date.parse would make a guess of.
 */
export function parseReleaseTime(text: string): number | null {
  if (!isoDate.test(text)) return null;
  const timeMs = Date.parse(text);
  return Number.isNaN(timeMs) ? null : timeMs;
}
