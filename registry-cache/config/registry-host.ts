/**
 * A host as it stands in the name of an image and as the first part of a path: one with a dot or a port, or `localhost`. What
 * has neither would be taken for the first part of a repository (docker's reference grammar).
 */
export function looksLikeHost(text: string): boolean {
  return /[.:]/.test(text) || text === 'localhost';
}

const label = '[a-z0-9](?:[a-z0-9-]*[a-z0-9])?';
/** `_` stands in a host only where it stands for the colon before a port, in aliases for clients that allow none there. */
const hostPattern = new RegExp(
  String.raw`^(?:${label}(?:\.${label})*|\[[0-9a-f:.]+\])(?:[:_]\d{1,5})?$`,
);
const maxHostLength = 200;

/** Whether it is one, in lower case. */
export function isRegistryHost(text: string): boolean {
  return text.length <= maxHostLength && hostPattern.test(text) && looksLikeHost(text);
}

/** Spoken to without leaving this machine. */
export function isLoopbackHost(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(hostname);
}
