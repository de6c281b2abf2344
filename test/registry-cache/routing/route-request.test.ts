import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AshlarError } from '../../../src/errors/ashlar-error.ts';
import { config, route, routed, sha256, sha512 } from './support/cache-config.ts';

describe('what is asked for', () => {
  it.each([
    ['/v2/', 'ping'],
    ['/v2', 'ping'],
    ['/v2/?ns=docker.io', 'ping'],
    ['/v2/_catalog?n=10', 'catalog'],
    ['/v2/ghcr.io/_catalog', 'catalog'],
    ['/', 'none'],
    ['', 'none'],
    ['*', 'none'],
    ['/v1/search?q=x', 'none'],
    ['/v2x', 'none'],
    ['/v2/library/ubuntu', 'none'],
    ['/v2/library/ubuntu/tags', 'none'],
    ['/v2/library/ubuntu/tags/lists', 'none'],
    ['/v2/library/ubuntu/tags/list/', 'none'],
    ['/v2/a/b/manifests/1', 'manifest docker.io/a/b:1'],
    [`/v2/a/b/manifests/${sha256}`, `manifest docker.io/a/b@${sha256}`],
    [`/v2/a/b/manifests/${sha512}`, `manifest docker.io/a/b@${sha512}`],
    [`/v2/a/b/blobs/${sha256}`, `blob docker.io/a/b@${sha256}`],
    [`/v2/a/b/blobs/${sha256.replace(':', '%3A')}`, `blob docker.io/a/b@${sha256}`],
    ['/v2/a/b/manifests/_catalog', 'manifest docker.io/a/b:_catalog'],
    ['/v2/a/b/tags/list', 'tags docker.io/a/b null null'],
    ['/v2/a/b/tags/list?n=0', 'tags docker.io/a/b 0 null'],
    ['/v2/a/b/tags/list?n=5&last=v1', 'tags docker.io/a/b 5 v1'],
    ['/v2/a/b/tags/list?last=&n=5', 'tags docker.io/a/b 5 null'],
    [`/v2/a/b/referrers/${sha256}`, `referrers docker.io/a/b@${sha256} null`],
    [
      `/v2/a/b/referrers/${sha256}?artifactType=application/vnd.x+json`,
      `referrers docker.io/a/b@${sha256} application/vnd.x+json`,
    ],
    [
      `/v2/a/b/referrers/${sha512}?artifactType=application%2Fvnd.x%2Bjson`,
      `referrers docker.io/a/b@${sha512} application/vnd.x+json`,
    ],
  ])('%s is %s', (url, words) => {
    expect(routed(url)).toBe(words);
    expect(routed(url, 'HEAD')).toBe(words);
  });

  it('is told by the end of the path: names may have the keywords among their parts', () => {
    expect(routed('/v2/x/manifests/y/manifests/1')).toBe('manifest docker.io/x/manifests/y:1');
    expect(routed('/v2/a/blobs/b/manifests/1')).toBe('manifest docker.io/a/blobs/b:1');
    expect(routed(`/v2/a/manifests/b/blobs/${sha256}`)).toBe(
      `blob docker.io/a/manifests/b@${sha256}`,
    );
    expect(routed('/v2/a/blobs/b/tags/list')).toBe('tags docker.io/a/blobs/b null null');
    expect(routed('/v2/a/tags/manifests/list')).toBe('manifest docker.io/a/tags:list');
    expect(routed('/v2/a/manifests/tags/list')).toBe('tags docker.io/a/manifests null null');
    expect(routed('/v2/manifests/manifests/manifests')).toBe(
      'manifest docker.io/library/manifests:manifests',
    );
    expect(routed(`/v2/a/referrers/blobs/${sha256}`)).toBe(`blob docker.io/a/referrers@${sha256}`);
    expect(routed('/v2/a/uploads/manifests/1')).toBe('manifest docker.io/a/uploads:1');
  });
});

describe('which registry', () => {
  it.each([
    // The root.
    ['/v2/ubuntu/manifests/1', 'manifest docker.io/library/ubuntu:1'],
    ['/v2/library/ubuntu/manifests/1', 'manifest docker.io/library/ubuntu:1'],
    // By ns.
    ['/v2/ubuntu/manifests/1?ns=docker.io', 'manifest docker.io/library/ubuntu:1'],
    ['/v2/ubuntu/manifests/1?ns=INDEX.docker.io', 'manifest docker.io/library/ubuntu:1'],
    ['/v2/one/manifests/1?ns=ghcr.io', 'manifest ghcr.io/one:1'],
    ['/v2/a/b/manifests/1?ns=registry.example%3A5000', 'manifest registry.example:5000/a/b:1'],
    ['/v2/a/b/manifests/1?ns=registry.example:5000', 'manifest registry.example:5000/a/b:1'],
    // Other hosts in the name belong to the registry that ns names.
    ['/v2/some.org/x/manifests/1?ns=quay.io', 'manifest quay.io/some.org/x:1'],
    // By the path.
    ['/v2/docker.io/ubuntu/manifests/1', 'manifest docker.io/library/ubuntu:1'],
    ['/v2/docker.io/library/ubuntu/manifests/1', 'manifest docker.io/library/ubuntu:1'],
    ['/v2/registry-1.docker.io/a/b/manifests/1', 'manifest docker.io/a/b:1'],
    ['/v2/ghcr.io/a/b/tags/list', 'tags ghcr.io/a/b null null'],
    ['/v2/GHCR.io/a/manifests/1', 'manifest ghcr.io/a:1'],
    ['/v2/registry.example:5000/a/manifests/1', 'manifest registry.example:5000/a:1'],
    // By both: ns wins, and a prefix that says the same is no part of the repository.
    ['/v2/ghcr.io/a/b/manifests/1?ns=ghcr.io', 'manifest ghcr.io/a/b:1'],
    ['/v2/docker.io/ubuntu/manifests/1?ns=index.docker.io', 'manifest docker.io/library/ubuntu:1'],
    ['/v2/ghcr.io/a/b/manifests/1?ns=quay.io', 'manifest quay.io/ghcr.io/a/b:1'],
    // A known name alone, with no registry before it, is a repository of none.
    ['/v2/ghcr.io/manifests/1', 'repository_name_invalid'],
    ['/v2/docker.io/manifests/1', 'repository_name_invalid'],
  ])('%s: %s', (url, words) => {
    expect(routed(url)).toBe(words);
  });

  it.each([
    ['/v2/a/manifests/1?ns=evil.example', 'registry_not_cached'],
    ['/v2/a/manifests/1?ns=docker.io:443', 'registry_not_cached'],
    ['/v2/a/manifests/1?ns=169.254.169.254', 'registry_not_cached'],
    ['/v2/a/manifests/1?ns=localhost:22', 'registry_not_cached'],
    ['/v2/evil.example/a/manifests/1', 'registry_not_cached'],
    ['/v2/127.0.0.1:22/a/manifests/1', 'registry_not_cached'],
    ['/v2/localhost/a/manifests/1', 'registry_not_cached'],
    ['/v2/a/manifests/1?ns=https://docker.io', 'repository_name_invalid'],
    ['/v2/a/manifests/1?ns=docker.io/library', 'repository_name_invalid'],
    ['/v2/a/manifests/1?ns=user@docker.io', 'repository_name_invalid'],
    ['/v2/a/manifests/1?ns=docker.io%00.evil.example', 'repository_name_invalid'],
    ['/v2/a/manifests/1?ns=', 'repository_name_invalid'],
    ['/v2/a/manifests/1?ns=docker', 'repository_name_invalid'],
    ['/v2/a/manifests/1?ns=docker.io&ns=docker.io', 'repository_name_invalid'],
    ['/v2/a/manifests/1?ns=docker.io&ns=evil.example', 'repository_name_invalid'],
    ['/v2/a/manifests/1?ns=__proto__', 'repository_name_invalid'],
  ])('nothing that is not in the list: %s: %s', (url, code) => {
    expect(routed(url)).toBe(code);
  });

  it('says which there are', () => {
    expect(() => route('/v2/a/manifests/1?ns=evil.example')).toThrow(
      expect.objectContaining({
        message: 'this cache has no registry evil.example',
        hint: expect.stringContaining('docker.io, ghcr.io'),
      }),
    );
  });
});

describe('hostile targets', () => {
  it.each([
    ['/v2/../etc/manifests/1', 'repository_name_invalid'],
    ['/v2/a/../b/manifests/1', 'repository_name_invalid'],
    ['/v2/a/%2e%2e/b/manifests/1', 'repository_name_invalid'],
    ['/v2/ghcr.io/../quay.io/a/manifests/1', 'repository_name_invalid'],
    ['/v2/a%2fb/manifests/1', 'repository_name_invalid'],
    ['/v2/ghcr.io%2fa/manifests/1', 'repository_name_invalid'],
    ['/v2/a%252fb/manifests/1', 'repository_name_invalid'],
    ['/v2/a%/manifests/1', 'repository_name_invalid'],
    ['/v2/a%ff/manifests/1', 'repository_name_invalid'],
    ['/v2/a%00/manifests/1', 'repository_name_invalid'],
    ['/v2/a\0/manifests/1', 'repository_name_invalid'],
    ['/v2//a/manifests/1', 'repository_name_invalid'],
    ['/v2/a//b/manifests/1', 'repository_name_invalid'],
    ['/v2/manifests/1', 'repository_name_invalid'],
    ['/v2//manifests/1', 'repository_name_invalid'],
    ['/v2/Ubuntu/manifests/1', 'repository_name_invalid'],
    ['/v2/a/B/manifests/1', 'repository_name_invalid'],
    ['/v2/a___b/manifests/1', 'repository_name_invalid'],
    ['/v2/-a/manifests/1', 'repository_name_invalid'],
    ['/v2/a./manifests/1', 'repository_name_invalid'],
    ['/v2/a b/manifests/1', 'repository_name_invalid'],
    ['/v2/a\\b/manifests/1', 'repository_name_invalid'],
    ['/v2/a;b/manifests/1', 'repository_name_invalid'],
    ['/v2/é/manifests/1', 'repository_name_invalid'],
    ['//v2/a/manifests/1', 'none'],
    [`/v2/${'a/'.repeat(128)}a/manifests/1`, 'repository_name_invalid'],
    [`/v2/${'a'.repeat(255)}/x/manifests/1`, 'repository_name_invalid'],
    [`/v2/${'a/'.repeat(5000)}manifests/1`, 'none'],
    ['/v2/a/manifests/', 'tag_invalid'],
    ['/v2/a/manifests/.x', 'tag_invalid'],
    ['/v2/a/manifests/x%20y', 'tag_invalid'],
    ['/v2/a/manifests/..', 'tag_invalid'],
    ['/v2/a/manifests/x%2fy', 'tag_invalid'],
    ['/v2/a/manifests/x\n', 'tag_invalid'],
    [`/v2/a/manifests/${'x'.repeat(129)}`, 'tag_invalid'],
    ['/v2/a/manifests/sha256:baddigeststring', 'digest_invalid'],
    [`/v2/a/manifests/${sha256.toUpperCase()}`, 'digest_invalid'],
    [`/v2/a/manifests/md5:${'0'.repeat(32)}`, 'digest_invalid'],
    ['/v2/a/blobs/latest', 'digest_invalid'],
    ['/v2/a/blobs/', 'digest_invalid'],
    [`/v2/a/blobs/${sha256}%00`, 'digest_invalid'],
    [`/v2/a/blobs/${sha256}0`, 'digest_invalid'],
    [`/v2/a/blobs/${sha512.slice(0, 71)}`, 'digest_invalid'],
    ['/v2/a/referrers/latest', 'digest_invalid'],
    [`/v2/a/referrers/${sha256}?artifactType=x`, 'invalid_request'],
    [`/v2/a/referrers/${sha256}?artifactType=a/b&artifactType=a/c`, 'invalid_request'],
    [`/v2/a/referrers/${sha256}?artifactType=a/${'b'.repeat(300)}`, 'invalid_request'],
    ['/v2/a/tags/list?n=-1', 'page_invalid'],
    ['/v2/a/tags/list?n=', 'page_invalid'],
    ['/v2/a/tags/list?n=1e3', 'page_invalid'],
    ['/v2/a/tags/list?n=0x10', 'page_invalid'],
    ['/v2/a/tags/list?n=%201', 'page_invalid'],
    ['/v2/a/tags/list?n=1&n=2', 'page_invalid'],
    ['/v2/a/tags/list?last=../x', 'page_invalid'],
    ['/v2/a/tags/list?last=a&last=b', 'page_invalid'],
    [`/v2/a/tags/list?n=${'9'.repeat(65)}`, 'page_invalid'],
    [`/v2/a/tags/list?x=${'9'.repeat(5000)}`, 'invalid_request'],
  ])('%s: %s', (url, code) => {
    expect(routed(url)).toBe(code);
  });

  it('takes a number that is too large for all', () => {
    expect(routed(`/v2/a/tags/list?n=${'9'.repeat(30)}`)).toBe(
      `tags docker.io/library/a ${Number.MAX_SAFE_INTEGER} null`,
    );
  });

  it('takes of an absolute form the path alone', () => {
    expect(routed('http://evil.example/v2/a/manifests/1')).toBe('manifest docker.io/library/a:1');
    expect(routed('HTTPS://user@evil.example:1/v2/a/manifests/1?ns=ghcr.io')).toBe(
      'manifest ghcr.io/a:1',
    );
    expect(routed('http://evil.example/v2/../v2/a/manifests/1')).toBe('repository_name_invalid');
    expect(routed('http://evil.example')).toBe('none');
    expect(routed('evil.example:443')).toBe('none');
    expect(routed(undefined)).toBe('none');
  });

  it('accepts a name of 255 characters', () => {
    const name = `a/${'b'.repeat(253)}`;
    expect(routed(`/v2/${name}/manifests/1`)).toBe(`manifest docker.io/${name}:1`);
    expect(routed(`/v2/registry.example:5000/${name}/manifests/1`)).toBe(
      `manifest registry.example:5000/${name}:1`,
    );
  });
});

describe('a push', () => {
  it.each([
    ['POST', '/v2/a/b/blobs/uploads/', 'push docker.io/a/b'],
    ['POST', '/v2/a/b/blobs/uploads', 'push docker.io/a/b'],
    ['POST', `/v2/a/b/blobs/uploads/?mount=${sha256}&from=c/d`, 'push docker.io/a/b'],
    ['PATCH', '/v2/a/b/blobs/uploads/0-1-2?_state=x', 'push docker.io/a/b'],
    ['GET', '/v2/a/b/blobs/uploads/0-1-2', 'push docker.io/a/b'],
    ['PUT', '/v2/ghcr.io/a/manifests/1', 'push ghcr.io/a'],
    ['DELETE', `/v2/a/manifests/${sha256}`, 'push docker.io/library/a'],
    ['DELETE', `/v2/a/blobs/${sha256}`, 'push docker.io/library/a'],
    ['PUT', '/v2/A/manifests/1', 'push'],
    ['PUT', '/v2/a/manifests/1?ns=evil.example', 'push'],
    ['POST', '/v2/', 'push'],
    ['POST', '/v2/whatever', 'push'],
    ['FROB', '/v2/a/manifests/1', 'push docker.io/library/a'],
    ['get', '/v2/a/manifests/1', 'push docker.io/library/a'],
    ['POST', '/elsewhere', 'none'],
  ])('%s %s: %s', (method, url, words) => {
    expect(routed(url, method)).toBe(words);
  });
});

describe('any target', () => {
  const part = fc.constantFrom(
    'a',
    'manifests',
    'blobs',
    'tags',
    'list',
    'referrers',
    'uploads',
    'x.y',
    'b--c',
    '0',
  );
  const name = fc.array(part, { minLength: 2, maxLength: 6 }).filter(([first]) => first !== 'x.y');

  it('of a valid name gives that name back, whatever its parts are', () => {
    fc.assert(
      fc.property(name, fc.constantFrom('', 'ghcr.io/'), (parts, prefix) => {
        const [joined, registry] = [parts.join('/'), prefix === '' ? 'docker.io' : 'ghcr.io'];
        const base = `/v2/${prefix}${joined}`;
        expect(routed(`${base}/manifests/t`)).toBe(`manifest ${registry}/${joined}:t`);
        expect(routed(`${base}/manifests/${sha256}`)).toBe(
          `manifest ${registry}/${joined}@${sha256}`,
        );
        expect(routed(`${base}/blobs/${sha512}`)).toBe(`blob ${registry}/${joined}@${sha512}`);
        expect(routed(`${base}/tags/list`)).toBe(`tags ${registry}/${joined} null null`);
        expect(routed(`${base}/referrers/${sha256}`)).toBe(
          `referrers ${registry}/${joined}@${sha256} null`,
        );
      }),
    );
  });

  it('ends in a request to a registry of the list, in none, or in a failure of the caller', () => {
    const piece = fc.oneof(
      part,
      fc.constantFrom(
        '..',
        '',
        '%2f',
        '%00',
        '?',
        'ns=',
        '&',
        'docker.io',
        '//',
        ':',
        sha256,
        'n=',
      ),
      fc.string({ unit: 'binary', maxLength: 6 }),
    );
    const target = fc
      .array(piece, { maxLength: 9 })
      .chain((pieces) => fc.constantFrom(pieces.join('/'), pieces.join('')));
    const known = new Set(config.registries);
    fc.assert(
      fc.property(target, fc.constantFrom('GET', 'HEAD', 'PUT'), (text, method) => {
        try {
          const request = route(`/v2/${text}`, method);
          if ('registry' in request) {
            expect(known.has(request.registry)).toBe(true);
            expect(request.repository).toMatch(/^[a-z0-9]+(?:[._/-]+[a-z0-9]+)*$/);
          }
          if (request.kind === 'tags') expect(request.list.path).not.toMatch(/[<>"\s]/);
        } catch (error) {
          expect(error).toBeInstanceOf(AshlarError);
          expect((error as AshlarError).entry.class).toBe('caller');
        }
      }),
      { numRuns: 2_000 },
    );
  });
});
