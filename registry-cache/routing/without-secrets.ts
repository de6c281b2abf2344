const maxLength = 2000;

/** A message as it may be shown to anybody: without what addresses carry to let somebody in, and without credentials. */
export function withoutSecrets(text: string): string {
  return text
    .replaceAll(/\b(https?:\/\/)[^\s/?#"'<>]*@/gi, '$1')
    .replaceAll(/\b(https?:\/\/[^\s?#"'<>]*)[?#][^\s"'<>]*/gi, '$1?...')
    .replaceAll(/\b(basic|bearer)\s+[A-Za-z0-9._~+/=-]{8,}/gi, '$1 ...')
    .replaceAll(/\p{Cc}+/gu, ' ')
    .slice(0, maxLength);
}
