import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ociDigestOf } from '../../src/oci/oci-digest.ts';
import {
  familiarReference,
  formatReference,
  isTag,
  parseReference,
  type ImageReference,
} from '../../src/oci/reference.ts';
import { AshlarError } from '../../src/errors/ashlar-error.ts';
import { thrownBy } from './support/failures.ts';

const sha256 = `sha256:${'0123456789abcdef'.repeat(4)}`;
const sha512 = `sha512:${'0123456789abcdef'.repeat(8)}`;

describe('parseReference', () => {
  it.each([
    ['ubuntu', 'docker.io', 'library/ubuntu', 'latest', null],
    ['library/ubuntu:24.04', 'docker.io', 'library/ubuntu', '24.04', null],
    ['docker.io/ubuntu', 'docker.io', 'library/ubuntu', 'latest', null],
    ['index.docker.io/a/b', 'docker.io', 'a/b', 'latest', null],
    ['bitnami/redis:7', 'docker.io', 'bitnami/redis', '7', null],
    ['localhost/x', 'localhost', 'x', 'latest', null],
    ['localhost:5000/a/b:tag', 'localhost:5000', 'a/b', 'tag', null],
    [`host:5000/a/b:tag@${sha256}`, 'host:5000', 'a/b', 'tag', sha256],
    [`ghcr.io/a/b@${sha512}`, 'ghcr.io', 'a/b', null, sha512],
    ['GHCR.io/a', 'ghcr.io', 'a', 'latest', null],
    ['Host/a', 'host', 'a', 'latest', null],
    ['127.0.0.1:5000/x', '127.0.0.1:5000', 'x', 'latest', null],
    ['[::1]:5000/x:y', '[::1]:5000', 'x', 'y', null],
    ['localhost:5000', 'docker.io', 'library/localhost', '5000', null],
    ['a.b/c__d/e-f--g/h.i', 'a.b', 'c__d/e-f--g/h.i', 'latest', null],
  ])('reads %s', (text, registry, repository, tag, digest) => {
    expect(parseReference(text)).toEqual({ registry, repository, tag, digest });
  });

  it.each([
    ['', 1, /empty/],
    ['foo/Bar', 5, /lower case/],
    ['foo//bar', 5, /empty/],
    ['foo/', 5, /empty/],
    ['/foo', 1, /empty/],
    ['foo/-bar', 5, /begins with a separator/],
    ['foo/bar-', 8, /separator/],
    ['foo/a..b', 6, /separator/],
    ['foo/a___b', 6, /separator/],
    ['foo bar', 4, /cannot have " "/],
    ['foo:', 5, /tag is empty/],
    ['foo:.x', 5, /cannot begin/],
    ['foo:a/b', 1, /host/],
    ['foo:a b', 6, /cannot have " "/],
    [`foo:${'a'.repeat(129)}`, 5, /128/],
    ['foo@sha256:abc', 5, /64 hex digits, not 3/],
    [`foo@md5:${'a'.repeat(32)}`, 5, /neither sha256 nor sha512/],
    [`foo@${sha256.toUpperCase()}`, 5, /neither/],
    [`foo@sha256:${'A'.repeat(64)}`, 5, /lower-case hex/],
    ['host:99999/x', 6, /port/],
    ['host:/x', 6, /port/],
    ['a..b/x', 1, /host name/],
    ['-a.b/x', 1, /host name/],
    ['a'.repeat(64).replaceAll('a', 'f'), 1, /image ID/],
    [`h.io/${'a/'.repeat(126)}bbb`, 6, /255|limit/],
    ['x'.repeat(2000), 1025, /too long/],
    ['../../etc/passwd', 1, /host/],
  ])('refuses %j, at character %i', (text, position, problem) => {
    expect(thrownBy(() => parseReference(text))).toMatchObject({
      name: 'AshlarError',
      code: 'reference_invalid',
      data: { position },
      message: expect.stringMatching(problem),
    });
  });

  it('takes host and name of 255 characters together, and no more', () => {
    const fits = `h.io/${'a'.repeat(250)}`;
    expect(parseReference(fits).repository).toHaveLength(250);
    expect(() => parseReference(`${fits}a`)).toThrow(/256 characters/);
  });
});

describe('formatting', () => {
  it('gives back the same value, for the full and for the short form', () => {
    fc.assert(
      fc.property(references(), (reference) => {
        expect(parseReference(formatReference(reference))).toEqual(reference);
        expect(parseReference(familiarReference(reference))).toEqual(reference);
      }),
      { numRuns: 500 },
    );
  });

  it('never throws anything but reference_invalid, with a position in the text', () => {
    const text = fc.oneof(
      fc.string({ maxLength: 60 }),
      fc.stringMatching(/^[a-zA-Z0-9./:@_\-[\]]{0,60}$/),
    );
    fc.assert(
      fc.property(text, (input) => {
        const error = thrownBy(() => parseReference(formatReference(parseReference(input))));
        const position = error instanceof AshlarError ? Number(error.data['position']) : 1;
        const code = error instanceof AshlarError ? error.code : 'reference_invalid';
        expect(code).toBe('reference_invalid');
        expect(position).toBeGreaterThanOrEqual(1);
        expect(position).toBeLessThanOrEqual(input.length + 1);
        expect(error instanceof TypeError).toBe(false);
      }),
      { numRuns: 2000 },
    );
  });

  it('shortens what Docker Hub has, and only that', () => {
    expect(short('docker.io/library/ubuntu:24.04')).toBe('ubuntu:24.04');
    expect(short('docker.io/a/b')).toBe('a/b:latest');
    expect(short('ghcr.io/library/x')).toBe('ghcr.io/library/x:latest');
    expect(short('docker.io/localhost/x')).toBe('docker.io/localhost/x:latest');
  });

  it('knows tags', () => {
    expect(isTag('24.04')).toBe(true);
    expect(isTag('../x')).toBe(false);
    expect(isTag('')).toBe(false);
  });
});

function short(text: string): string {
  return familiarReference(parseReference(text));
}

function references(): fc.Arbitrary<ImageReference> {
  const registry = fc.constantFrom('docker.io', 'ghcr.io', 'localhost', 'host:5000', '[::1]:80');
  const component = fc.stringMatching(/^[a-z0-9]{1,5}((\.|_|__|-{1,3})[a-z0-9]{1,4}){0,2}$/);
  const names = fc.array(component, { minLength: 1, maxLength: 4 });
  const tag = fc.option(fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9._-]{0,20}$/), { nil: null });
  const digest = fc.option(
    fc.uint8Array({ maxLength: 4 }).map((bytes) => ociDigestOf(bytes)),
    { nil: null },
  );
  return fc.record({ registry, names, tag, digest }).map(({ registry, names, tag, digest }) => ({
    registry,
    repository:
      registry === 'docker.io' && names.length === 1 ? `library/${names[0]}` : names.join('/'),
    tag: tag ?? (digest === null ? 'latest' : null),
    digest,
  }));
}
