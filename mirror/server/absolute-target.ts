/** The address of a request to a proxy (RFC 9112, section 3.2.2); null for the usual form, a path. */
export function absoluteTarget(target: string | undefined): URL | null {
  return target !== undefined && /^https?:/i.test(target) ? URL.parse(target) : null;
}
