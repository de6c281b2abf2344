const types = ['application/json', 'application/vnd.npm.install-v1+json'] as const;

/**
 * The media type of a document that was read as JSON, whatever its registry says of it: a browser would run it as a page of this
 * host if it came as one.
 */
export function jsonType(stated: string): (typeof types)[number] {
  const essence = stated.split(';')[0]?.trim().toLowerCase();
  return types.find((type) => type === essence) ?? types[0];
}
