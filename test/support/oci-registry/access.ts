import { randomBytes } from 'node:crypto';
import { type Answer, failure, json } from './answer.ts';
import type { AuthSettings, Permissions } from './registry-options.ts';

export interface AccessRequest {
  readonly authorization: string | undefined;
  /** Null for /v2/ itself. */
  readonly repository: string | null;
  /** Where the token service is. */
  readonly realm: string;
}

export interface TokenRequest {
  readonly method: string;
  readonly authorization: string | undefined;
  readonly query: URLSearchParams;
}

/** Who may pull what (distribution: spec/auth/token.md and RFC 7617). */
export interface Access {
  /** The refusal, or null. */
  check(settings: AuthSettings, request: AccessRequest): Answer | null;
  answerToken(settings: AuthSettings, request: TokenRequest): Answer;
  /** Ends tokens that were given to a user, or all. */
  revoke(user?: string): void;
}

interface Token {
  readonly user: string | null;
  readonly repositories: readonly string[];
  readonly endsAtMs: number;
}

type Finding = 'allowed' | 'denied' | 'unknown';

export function createAccess(now: () => number = Date.now): Access {
  const tokens = new Map<string, Token>();

  const findToken = (authorization: string | undefined): Token | null => {
    const token = tokens.get(/^Bearer (.+)$/i.exec(authorization ?? '')?.[1] ?? '');
    return token !== undefined && token.endsAtMs > now() ? token : null;
  };
  return {
    check(settings, request) {
      if (settings.scheme === 'none') return null;
      const finding =
        settings.scheme === 'basic'
          ? basicFinding(settings, request)
          : tokenFinding(findToken(request.authorization), request.repository);
      if (finding === 'allowed') return null;
      const { denial = 401 } = settings;
      if (finding === 'denied' && denial !== 401) {
        return denial === 403 ? failure(403, 'DENIED') : failure(404, 'NAME_UNKNOWN');
      }
      return failure(401, 'UNAUTHORIZED', {
        'www-authenticate': challenge(settings, request, finding),
      });
    },
    answerToken(settings, { method, authorization, query }) {
      if (settings.scheme !== 'bearer') return failure(404, 'NAME_UNKNOWN');
      if (method !== 'GET') return failure(405, 'UNSUPPORTED');
      const user = userOf(settings, authorization);
      if (user === 'unknown') return failure(401, 'UNAUTHORIZED');
      const repositories = scopedRepositories(query).filter((one) => mayPull(settings, user, one));
      const { lifetimeSec = 300, field = 'token' } = settings;
      const token = randomBytes(24).toString('base64url');
      tokens.set(token, {
        user: user?.name ?? null,
        repositories,
        endsAtMs: now() + lifetimeSec * 1000,
      });
      const issuedAt = new Date(now()).toISOString();
      const expiry =
        settings.expiry === 'left-out' ? {} : { expires_in: lifetimeSec, issued_at: issuedAt };
      return json(200, { [field]: token, ...expiry });
    },
    revoke(user) {
      for (const [token, held] of tokens) {
        if (user === undefined || held.user === user) tokens.delete(token);
      }
    },
  };
}

function basicFinding(settings: Permissions, request: AccessRequest): Finding {
  const user = userOf(settings, request.authorization);
  const { repository } = request;
  if (user === 'unknown') return 'unknown';
  if (repository === null) {
    return user !== null || (settings.anonymous ?? ['*']).length > 0 ? 'allowed' : 'unknown';
  }
  if (mayPull(settings, user, repository)) return 'allowed';
  return user === null ? 'unknown' : 'denied';
}

function tokenFinding(token: Token | null, repository: string | null): Finding {
  if (token === null) return 'unknown';
  return repository === null || token.repositories.includes(repository) ? 'allowed' : 'denied';
}

/** The name of who proves it, null for who does not say, `unknown` for a wrong proof. */
function userOf(
  { users = {} }: Permissions,
  authorization: string | undefined,
): { readonly name: string } | 'unknown' | null {
  if (authorization === undefined) return null;
  const encoded = /^Basic (.+)$/i.exec(authorization)?.[1] ?? '';
  const [name = '', ...rest] = Buffer.from(encoded, 'base64').toString().split(':');
  return users[name]?.password === rest.join(':') ? { name } : 'unknown';
}

function mayPull(
  { users = {}, anonymous = ['*'] }: Permissions,
  user: { readonly name: string } | null,
  repository: string,
): boolean {
  const own = user === null ? [] : (users[user.name]?.repositories ?? []);
  return [...anonymous, ...own].some((pattern) =>
    pattern.endsWith('*') ? repository.startsWith(pattern.slice(0, -1)) : pattern === repository,
  );
}

function challenge(settings: AuthSettings, request: AccessRequest, finding: Finding): string {
  if (settings.scheme !== 'bearer') return 'Basic realm="recorded registry"';
  const { service = 'registry.test', realm = request.realm } = settings;
  const scope = request.repository === null ? '' : `,scope="repository:${request.repository}:pull"`;
  const isRefused = request.authorization !== undefined;
  const why = finding === 'denied' ? 'insufficient_scope' : 'invalid_token';
  return `Bearer realm="${realm}",service="${service}"${scope}${isRefused ? `,error="${why}"` : ''}`;
}

/** `scope=repository:library/ubuntu:pull`, as often as wanted, or several in one. */
function scopedRepositories(query: URLSearchParams): string[] {
  const scopes = query.getAll('scope').flatMap((scope) => scope.split(' '));
  return scopes.flatMap((scope) => {
    const [, name, actions] = /^repository:(.+):([a-z,*]+)$/.exec(scope) ?? [];
    return name !== undefined && actions?.split(',').includes('pull') === true ? [name] : [];
  });
}
