/**
 * In every answer: what somebody else wrote is what its type says, and no page that a browser would run with the rights of this
 * host (WHATWG Fetch, X-Content-Type-Options).
 */
export const noSniff: Readonly<Record<string, string>> = { 'x-content-type-options': 'nosniff' };
