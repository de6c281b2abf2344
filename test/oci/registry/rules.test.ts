import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseChallenges } from '../../../src/oci/registry/challenge.ts';
import { endpointsOf, isLoopback } from '../../../src/oci/registry/endpoint.ts';
import { checkRealm, isSameSite } from '../../../src/oci/registry/realm-policy.ts';
import { defaultRetryPolicy, parseRetryAfter, retryDelayMs } from '../../../src/upstream/retry.ts';
import { thrownBy } from '../support/failures.ts';

describe('parseChallenges', () => {
  it('reads one, with commas in quotes and in any case', () => {
    const header = 'BEARER Realm="https://a/token", service="b,c" ,scope="repository:x:pull,push"';
    expect(parseChallenges(header)).toEqual([
      {
        scheme: 'bearer',
        parameters: new Map([
          ['realm', 'https://a/token'],
          ['service', 'b,c'],
          ['scope', 'repository:x:pull,push'],
        ]),
      },
    ]);
  });

  it('reads several, and escapes', () => {
    const header = String.raw`Basic realm="a \"b\"", Negotiate, Bearer realm=https://a/b`;
    expect(parseChallenges(header).map(({ scheme }) => scheme)).toEqual([
      'basic',
      'negotiate',
      'bearer',
    ]);
    expect(parseChallenges(header)[0]?.parameters.get('realm')).toBe('a "b"');
    expect(parseChallenges(header)[2]?.parameters.get('realm')).toBe('https://a/b');
  });

  it('ends, whatever it is given', () => {
    const pieces = fc.constantFrom('Bearer', ' ', ',', '=', '"', '\\', 'realm', 'x', '\0', 'é');
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 60 }), (parts) => {
        expect(parseChallenges(parts.join('')).length).toBeLessThanOrEqual(parts.length);
      }),
      { numRuns: 1000 },
    );
    expect(parseChallenges('')).toEqual([]);
    expect(parseChallenges('"'.repeat(1_000_000)).length).toBe(0);
  });
});

describe('the realm rule', () => {
  it.each([
    ['registry-1.docker.io', 'auth.docker.io'],
    ['registry.gitlab.com', 'gitlab.com'],
    ['ghcr.io', 'ghcr.io'],
    ['127.0.0.1', '127.0.0.1'],
    ['a.example.co.uk', 'b.example.co.uk'],
    ['REGISTRY.example.com', 'auth.EXAMPLE.com'],
  ])('lets %s send to %s', (one, other) => {
    expect(isSameSite(one, other)).toBe(true);
  });

  it.each([
    ['registry.example.com', 'example.org'],
    ['registry.example.com', 'example.com.evil.net'],
    ['registry.example.com', 'evilexample.com'],
    ['victim.co.uk', 'evil.co.uk'],
    ['one.github.io', 'two.github.io'],
    ['a.s3.amazonaws.com', 'b.s3.amazonaws.com'],
    ['victim.azurecr.io', 'evil.azurecr.io'],
    ['127.0.0.1', '127.0.0.2'],
    ['10.1.2.3', '99.9.2.3'],
    ['localhost', '127.0.0.1'],
    ['[::1]', '[::2]'],
    ['one', 'two'],
    ['com', 'evil.com'],
  ])('does not let %s send to %s', (one, other) => {
    expect(isSameSite(one, other)).toBe(false);
    expect(isSameSite(other, one)).toBe(false);
  });

  it.each([
    ['http://auth.example.com/token', /from https to http/],
    ['https://evil.com/token', /foreign host .*evil\.com/],
    ['https://user:pw@auth.example.com/token', /foreign/],
    ['ftp://auth.example.com/', /names no token service/],
    ['/token', /names no token service/],
    [undefined, /names no token service/],
  ])('refuses %s for a registry on https', (realm, problem) => {
    const { registry } = endpointsOf('registry.example.com', {});
    expect(thrownBy(() => checkRealm(realm, registry, []))).toMatchObject({
      message: expect.stringMatching(problem),
      facts: { code: 'registry_auth_required', isPassing: false },
    });
  });

  it('lets pass what is trusted, and what is the same domain', () => {
    const { registry } = endpointsOf('registry.example.com', {});
    const pass = (realm: string, trusted: readonly string[] = []) =>
      checkRealm(realm, registry, trusted).host;
    expect(pass('https://auth.example.com/token')).toBe('auth.example.com');
    expect(pass('https://registry.example.com:8443/token')).toBe('registry.example.com:8443');
    expect(pass('https://ghcr.io/token', ['ghcr.io'])).toBe('ghcr.io');
  });
});

describe('endpoints', () => {
  it.each([
    ['docker.io', 'https://registry-1.docker.io'],
    ['ghcr.io', 'https://ghcr.io'],
    ['host:5000', 'https://host:5000'],
    ['localhost:5000', 'http://localhost:5000'],
    ['localhost', 'http://localhost'],
    ['127.9.8.7:5000', 'http://127.9.8.7:5000'],
    ['[::1]:5000', 'http://[::1]:5000'],
    ['127.0.0.1.evil.com', 'https://127.0.0.1.evil.com'],
    ['localhost.evil.com:80', 'https://localhost.evil.com:80'],
  ])('%s is at %s', (registry, origin) => {
    expect(endpointsOf(registry, {}).registry).toMatchObject({ origin, prefix: '' });
  });

  it('take the scheme that is set for a host', () => {
    const schemes = { 'registry.lan': 'http', 'localhost:5000': 'https' } as const;
    expect(endpointsOf('registry.lan', { schemes }).registry.origin).toBe('http://registry.lan');
    expect(endpointsOf('localhost:5000', { schemes }).registry.origin).toBe(
      'https://localhost:5000',
    );
    expect(isLoopback('128.0.0.1')).toBe(false);
  });

  it('put the path of a mirror before the repository', () => {
    const mirrors = { 'docker.io': ['http://cache:5000/hub/', 'https://mirror.lan'] };
    expect(endpointsOf('docker.io', { mirrors }).mirrors).toEqual([
      {
        origin: 'http://cache:5000',
        host: 'cache:5000',
        prefix: 'hub/',
        credentialHost: 'cache:5000',
      },
      {
        origin: 'https://mirror.lan',
        host: 'mirror.lan',
        prefix: '',
        credentialHost: 'mirror.lan',
      },
    ]);
    expect(endpointsOf('ghcr.io', { mirrors }).mirrors).toEqual([]);
  });

  it.each(['cache:5000', 'ftp://x', 'http://u:p@x/', 'http://x/?a=b', 'http://x/#y', ''])(
    'refuse the mirror %j without showing it',
    (url) => {
      expect(thrownBy(() => endpointsOf('x', { mirrors: { x: [url] } }))).toMatchObject({
        code: 'config_invalid',
        message: 'a registry mirror is not a plain http or https URL',
      });
    },
  );
});

describe('retries', () => {
  it('wait twice as long each time, half of it by chance, up to a limit', () => {
    expect([1, 2, 3, 4].map((n) => retryDelayMs(n, plan(0), null))).toEqual([125, 250, 500, 1000]);
    expect([1, 2, 3].map((n) => retryDelayMs(n, plan(1), null))).toEqual([250, 500, 1000]);
    expect(retryDelayMs(1000, plan(1), null)).toBe(8000);
    expect(retryDelayMs(1, plan(1), 5000)).toBe(5000);
    expect(retryDelayMs(1, plan(1), 1e12)).toBe(30_000);
  });

  it('read Retry-After in seconds and as a date', () => {
    const nowMs = Date.parse('Wed, 21 Oct 2015 07:28:00 GMT');
    expect(parseRetryAfter('12', nowMs)).toBe(12_000);
    expect(parseRetryAfter('Wed, 21 Oct 2015 07:28:30 GMT', nowMs)).toBe(30_000);
    expect(parseRetryAfter('Wed, 21 Oct 2015 07:00:00 GMT', nowMs)).toBe(0);
    expect(parseRetryAfter('later', nowMs)).toBeNull();
    expect(parseRetryAfter(null, nowMs)).toBeNull();
    expect(parseRetryAfter('-5', nowMs) ?? 0).toBeLessThanOrEqual(0);
  });
});

function plan(random: number) {
  const waiting = { nowMs: () => 0, sleep: async () => {}, random: () => random };
  return { policy: defaultRetryPolicy, waiting };
}
