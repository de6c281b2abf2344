import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ociErrorAnswer, ociErrorOf } from '../../../registry-cache/routing/oci-error.ts';
import { withoutSecrets } from '../../../registry-cache/routing/without-secrets.ts';
import { AshlarError } from '../../../src/errors/ashlar-error.ts';
import { catalogue, type ErrorCode } from '../../../src/errors/catalogue.ts';
import { route, sha256 } from './support/cache-config.ts';

const codes = Object.keys(catalogue) as ErrorCode[];
/** Codes of which 404 may be said: upstream, or the request, has told that there is no such thing. */
const absences = [
  'blob_unknown',
  'endpoint_unsupported',
  'manifest_unknown',
  'registry_not_cached',
  'repository_unknown',
];

function answer(failure: unknown, registry: string | null = 'ghcr.io') {
  const { body, ...head } = ociErrorAnswer(failure, { registry });
  const parsed = JSON.parse(body.toString('utf8')) as {
    errors: readonly { code: string; message: string; detail: Record<string, unknown> }[];
  };
  return { ...head, length: body.length, ...parsed };
}

describe('every code', () => {
  it('is answered in the form of the specification', () => {
    for (const code of codes) {
      const { status, errors, headers, length } = answer(new AshlarError(code, 'what happened'));
      expect(status, code).toBeGreaterThanOrEqual(400);
      expect(status, code).toBeLessThan(600);
      expect(errors).toHaveLength(1);
      expect(errors[0]?.code, code).toMatch(/^[A-Z_]+$/);
      expect(errors[0]?.detail).toMatchObject({ code, class: catalogue[code].class });
      expect(headers['content-length']).toBe(String(length));
      expect(headers['retry-after'] !== undefined, code).toBe(status === 429 || status === 503);
      expect(headers['www-authenticate'] !== undefined, code).toBe(status === 401);
    }
  });

  it('is a 404 only when that is known', () => {
    const missing = codes.filter((code) => ociErrorOf(new AshlarError(code, '')).status === 404);
    expect(missing.toSorted()).toEqual(absences);
  });

  it.each([
    ['registry_unavailable', 502, 'UNAVAILABLE'],
    ['registry_corrupt', 502, 'UNAVAILABLE'],
    ['registry_rate_limited', 429, 'TOOMANYREQUESTS'],
    ['registry_auth_required', 401, 'UNAUTHORIZED'],
    ['store_unreachable', 503, 'UNAVAILABLE'],
    ['store_full', 507, 'UNAVAILABLE'],
    ['interrupted', 503, 'UNAVAILABLE'],
    ['internal', 500, 'UNKNOWN'],
    ['push_refused', 405, 'UNSUPPORTED'],
    ['image_unsupported', 502, 'MANIFEST_INVALID'],
  ] as const)('%s is %i %s', (code, status, name) => {
    expect(ociErrorOf(new AshlarError(code, ''))).toEqual({ status, code: name });
  });

  it.each([
    ['/v2/A/manifests/1', 400, 'NAME_INVALID'],
    ['/v2/a/manifests/.', 400, 'MANIFEST_INVALID'],
    ['/v2/a/manifests/sha256:x', 400, 'DIGEST_INVALID'],
    ['/v2/a/manifests/1?ns=x.example', 404, 'NAME_UNKNOWN'],
    ['/v2/a/tags/list?n=-1', 400, 'PAGINATION_NUMBER_INVALID'],
    [`/v2/a/referrers/${sha256}?artifactType=x`, 400, 'UNSUPPORTED'],
  ])('what %s is refused with is %i %s', (url, status, name) => {
    const failure: unknown = (() => {
      try {
        return route(url);
      } catch (error) {
        return error;
      }
    })();
    expect(answer(failure)).toMatchObject({ status, errors: [{ code: name }] });
  });
});

describe('an answer', () => {
  it('has the message and the mend', () => {
    const failure = new AshlarError('registry_unavailable', 'quay.io answered 500', {
      hint: 'Wait.',
    });
    expect(answer(failure).errors).toEqual([
      {
        code: 'UNAVAILABLE',
        message: 'quay.io answered 500 (Wait.)',
        detail: { code: 'registry_unavailable', class: 'upstream', hint: 'Wait.' },
      },
    ]);
  });

  it('says nothing of faults that have no code', () => {
    const { status, errors } = answer(new TypeError('secret of x'));
    expect(status).toBe(500);
    expect(JSON.stringify(errors)).not.toContain('secret');
  });

  it('says when to come back', () => {
    const after = (retryAfterMs: number | string) =>
      answer(new AshlarError('registry_rate_limited', '', { data: { retryAfterMs } })).headers[
        'retry-after'
      ];
    expect([after(1), after(1_001), after(-5), after(1e12), after(NaN), after('x')]).toEqual([
      '1',
      '2',
      '1',
      '3600',
      '2',
      '2',
    ]);
  });

  it('asks for a credential in the name of the registry', () => {
    const failure = new AshlarError('registry_auth_required', 'x');
    expect(answer(failure).headers['www-authenticate']).toBe(
      'Basic realm="ghcr.io through ashlar", charset="UTF-8"',
    );
    expect(answer(failure, null).headers['www-authenticate']).toBe(
      'Basic realm="ashlar", charset="UTF-8"',
    );
    expect(answer(failure, 'a"\r\nx: y').headers['www-authenticate']).toBe(
      'Basic realm="ax:y through ashlar", charset="UTF-8"',
    );
  });
});

describe('secrets', () => {
  it('are taken out of messages', () => {
    const text =
      'GET https://ada:pa55@cdn.example/blob?X-Amz-Signature=s1gn&x=1 failed with Authorization: Bearer eyJhbGciOi.abc and Basic YWRhOnBhNTU= at "http://b.example/p#t0ken"';
    const shown = withoutSecrets(text);
    for (const secret of ['pa55', 's1gn', 'eyJ', 'YWRh', 't0ken'])
      expect(shown).not.toContain(secret);
    expect(shown).toContain('https://cdn.example/blob?...');
    expect(
      JSON.stringify(answer(new AshlarError('registry_unavailable', text, { hint: text })).errors),
    ).not.toMatch(/pa55|s1gn|eyJ|YWRh|t0ken/);
  });

  it('in addresses never stay, whatever stands around them', () => {
    const around = fc.string({ maxLength: 20 });
    const secret = fc.stringMatching(/^S3[a-z0-9]{6,20}$/);
    fc.assert(
      fc.property(around, secret, around, (before, word, after) => {
        const shown = withoutSecrets(
          `${before} https://u:${word}@h.example/p?token=${word} ${after} Bearer ${word}${word}`,
        );
        expect(shown).not.toContain(word);
      }),
    );
  });

  it('leave plain messages as they are', () => {
    const plain =
      'registry-1.docker.io answered 500 when asked for docker.io/library/a@sha256:0; asked 3 times';
    expect(withoutSecrets(plain)).toBe(plain);
  });
});
