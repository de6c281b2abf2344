import type { IncomingHttpHeaders } from 'node:http';

/** Tells the requests that this process has sent, so that none that comes back to it is sent out once more. */
export interface LoopMark {
  /** What a request that is sent has, where the one that it is sent for had `stated`. */
  headers(stated?: string): { readonly 'cdn-loop': string };
  isIn(headers: IncomingHttpHeaders): boolean;
}

/**
 * `name` is of this process alone, made of letters, digits and dashes. CDN-Loop (RFC 8586) and not Via: servers leave out
 * compression for requests with Via.
 */
export function createLoopMark(name: string): LoopMark {
  return {
    headers: (stated) => ({ 'cdn-loop': stated === undefined ? name : `${stated}, ${name}` }),
    isIn({ 'cdn-loop': stated = '' }) {
      const names = [stated].flat().flatMap((text) => text.split(','));
      return names.some((each) => each.split(';')[0]?.trim() === name);
    },
  };
}
