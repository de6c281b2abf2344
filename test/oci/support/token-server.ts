import type { SeenRequest } from './test-registry.ts';
import { answerJson, type Fault } from './test-registry.ts';

export interface TokenRules {
  /** Where tokens are to be fetched. */
  readonly realm: string;
  /** Names the token that a request for one gets; null refuses it. */
  readonly tokenFor: (request: SeenRequest, number: number) => string | null;
  readonly expiresInS?: number;
  /** Tokens that the registry takes now; all that were given by default. */
  readonly accepts?: (token: string) => boolean;
  readonly scope?: string;
}

/** Makes a test registry ask for bearer tokens, and give them at `/token`. */
export function bearerAuth(rules: TokenRules): Fault {
  const given = new Set<string>();
  let count = 0;
  return (request, response) => {
    if (request.path.startsWith('/token')) {
      count += 1;
      const token = rules.tokenFor(request, count);
      if (token === null) return answerJson(response, 401, 'UNAUTHORIZED');
      given.add(token);
      const answer = {
        token,
        ...(rules.expiresInS === undefined ? {} : { expires_in: rules.expiresInS }),
      };
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
      return true;
    }
    const token = /^Bearer (.*)$/.exec(request.headers.authorization ?? '')?.[1] ?? '';
    if (given.has(token) && (rules.accepts?.(token) ?? true)) return false;
    const scope = rules.scope ?? `repository:${request.path.split('/')[2]}:pull`;
    const challenge = `Bearer realm="${rules.realm}",service="test",scope="${scope}"`;
    return answerJson(response, 401, 'UNAUTHORIZED', { 'www-authenticate': challenge });
  };
}
