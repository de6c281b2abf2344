/** What upstream said of the version of a document that is kept. */
export interface Validators {
  readonly etag: string | null;
  readonly lastModified: string | null;
}

/** Headers that ask only for what has changed: by tag, or by time where there is no tag (RFC 9110, section 13.1). */
export function conditionsFor(stored: Validators | null): Readonly<Record<string, string>> {
  if (stored === null) return {};
  if (stored.etag !== null) return { 'if-none-match': stored.etag };
  return stored.lastModified === null ? {} : { 'if-modified-since': stored.lastModified };
}
