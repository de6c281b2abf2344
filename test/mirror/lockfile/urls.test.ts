import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { displayUrl, isAt, readHttpUrl } from '../../../mirror/lockfile/http-url.ts';
import {
  fromMirror,
  parseMirrorAddress,
  parseRegistryAddress,
  readViaPath,
  requireApart,
  toMirror,
} from '../../../mirror/lockfile/mirror-address.ts';

const home = 'https://registry.npm.test';

function httpUrl(text: string): Parameters<typeof toMirror>[0] {
  const read = readHttpUrl(text);
  if (read.type !== 'http') throw new TypeError(`${text} is ${read.type}`);
  return read.url;
}

describe('a URL of a lockfile', () => {
  it.each([
    ['https://user:secret@registry.npm.test/a.tgz', 'credentials'],
    ['https://token@registry.npm.test/a.tgz', 'credentials'],
    ['https:user:secret@registry.npm.test/a.tgz', 'credentials'],
    [String.raw`https:\\user:secret@registry.npm.test/a.tgz`, 'credentials'],
    [' https://user:secret@h/', 'credentials'],
    ['https://registry.npm.test/../a.tgz', 'climbs'],
    ['https://registry.npm.test/a/..', 'climbs'],
    ['https://registry.npm.test/%2e%2E/a.tgz', 'climbs'],
    ['https://registry.npm.test/a/.%2e/b', 'climbs'],
    ['https://registry.npm.test/a%2f..%2fb', 'climbs'],
    ['https://registry.npm.test/a%5c..%5cb', 'climbs'],
    ['https://registry.npm.test/./a', 'climbs'],
    ['https:/registry.npm.test/a.tgz', 'spelling'],
    ['https:registry.npm.test/a.tgz', 'spelling'],
    ['https:///registry.npm.test/a.tgz', 'spelling'],
    ['https://registry.npm.test\\a.tgz', 'spelling'],
    ['https://registry.npm.test/a\\..\\b', 'spelling'],
    ['https://registry%2Enpm.test/a.tgz', 'spelling'],
    ['https://ｒegistry.npm.test/a.tgz', 'spelling'],
    ['https://registry.npm.test/a b.tgz', 'spelling'],
    ['https://registry.npm.test/a\tb', 'spelling'],
    ['https://registry.npm.test/a\n', 'spelling'],
    ['ht\ntps://registry.npm.test/', null],
    [' https://registry.npm.test/', 'spelling'],
    ['https://registry.npm.test:99999/', 'spelling'],
    ['https://registry.npm.test:/', 'spelling'],
    ['https://registry..npm.test/', 'spelling'],
    ['https://user:pa/ss@registry.npm.test/', 'spelling'],
    ['https://', 'spelling'],
    ['https://999.999.999.999/', 'spelling'],
    ['javascript:alert(1)', null],
    ['file:///etc/passwd', null],
    ['git+https://user:secret@h/x.git', null],
    ['//registry.npm.test/a.tgz', null],
    ['', null],
  ])('%j: %s', (text, problem) => {
    expect(readHttpUrl(text)).toEqual(
      problem === null ? { type: 'other' } : { type: 'problem', problem },
    );
    expect(displayUrl(text)).not.toMatch(/secret|ss@|token@|\p{Cc}/u);
  });

  it.each([
    ['https://registry.npm.test/a.tgz', true],
    ['http://registry.npm.test/a.tgz', true],
    ['HTTPS://Registry.NPM.test/a.tgz', true],
    ['https://registry.npm.test./a.tgz', true],
    ['https://registry.npm.test:443/a.tgz', true],
    ['http://registry.npm.test:80/a.tgz', true],
    ['https://registry.npm.test', true],
    ['https://registry.npm.test?x', true],
    ['https://registry.npm.test:8443/a.tgz', false],
    ['http://registry.npm.test:443/a.tgz', false],
    ['https://registry.npm.test.evil.test/a.tgz', false],
    ['https://evil.test/registry.npm.test/a.tgz', false],
    ['https://aregistry.npm.test/', false],
  ])('%j is of the registry: %s', (text, isOfIt) => {
    const registry = parseRegistryAddress(`${home}/`, '--registry');
    expect(isAt(httpUrl(text), registry)).toBe(isOfIt);
  });

  it('is of a registry below a path where it lies below it', () => {
    const registry = parseRegistryAddress('https://art.corp.test:8443/api/npm/', '--registry');
    expect(isAt(httpUrl('https://art.corp.test:8443/api/npm/a.tgz'), registry)).toBe(true);
    expect(isAt(httpUrl('https://art.corp.test:8443/api/npm2/a.tgz'), registry)).toBe(false);
    expect(isAt(httpUrl('https://art.corp.test:8443/other/a.tgz'), registry)).toBe(false);
    expect(isAt(httpUrl('https://art.corp.test/api/npm/a.tgz'), registry)).toBe(false);
  });

  it('is shown without what may be secret', () => {
    expect(displayUrl('https://u:secret@h.test/x?token=secret')).toBe('https://***@h.test/...');
    expect(displayUrl('https://h.test/x.tgz?token=secret#secret')).toBe('https://h.test/x.tgz');
    expect(displayUrl('https://h.test/@scope/x.tgz')).toBe('https://h.test/@scope/x.tgz');
  });
});

describe('the address of a mirror', () => {
  it('is kept in its usual form', () => {
    expect(parseMirrorAddress('HTTP://LocalHost:4873/', '--mirror').prefix).toBe(
      'http://localhost:4873',
    );
    expect(parseMirrorAddress('https://m.test:443/npm/', '--mirror').prefix).toBe(
      'https://m.test/npm',
    );
    expect(parseMirrorAddress('http://[::1]:4873', '--mirror').prefix).toBe('http://[::1]:4873');
  });

  it.each([
    '',
    'localhost:4873',
    'ftp://m.test/',
    'http://u:secret@m.test/',
    'http://m.test/?x=1',
    'http://m.test/#x',
    'http://m.test/a/../b',
    'http://m.test/a b',
    'http://m.test/{x}',
  ])('%j is none', (text) => {
    expect(() => parseMirrorAddress(text, '--mirror')).toThrow(
      expect.objectContaining({
        code: 'config_invalid',
        message: expect.not.stringMatching('secret'),
      }),
    );
  });

  it('stands apart from the registries', () => {
    const mirror = parseMirrorAddress('https://REGISTRY.npm.test/mirror/', '--mirror');
    const other = parseRegistryAddress('https://other.test/', '--registry');
    expect(() => requireApart(mirror, [other])).not.toThrow();
    expect(() => requireApart(mirror, [other, parseRegistryAddress(home, '--registry')])).toThrow(
      expect.objectContaining({ code: 'config_invalid' }),
    );
  });

  it('stands in for the home registry, and names the others in the path', () => {
    const mirror = parseMirrorAddress('http://localhost:4873/', '--mirror');
    const change = (text: string): string => {
      const { from, to } = toMirror(httpUrl(text), mirror, home);
      expect(text.startsWith(from)).toBe(true);
      return text.replace(from, to);
    };
    expect(change(`${home}/a/-/a-1.tgz#x`)).toBe('http://localhost:4873/a/-/a-1.tgz#x');
    expect(change(home)).toBe('http://localhost:4873');
    expect(change('http://registry.npm.test/a')).toBe(
      'http://localhost:4873/-/via/http/registry.npm.test/a',
    );
    expect(change('https://Other.test:8443/a?b')).toBe(
      'http://localhost:4873/-/via/https/Other.test:8443/a?b',
    );
    // Else it would come back as another host's.
    expect(change(`${home}/-/via/https/evil.test/a`)).toBe(
      'http://localhost:4873/-/via/https/registry.npm.test/-/via/https/evil.test/a',
    );
  });

  it.each([
    'http://localhost:4873/-/via/https/u:secret@h.test/a',
    'http://localhost:4873/-/via/javascript/h.test/a',
    'http://localhost:4873/-/via/https/',
    'http://localhost:4873/-/via/https//a',
    'http://localhost:4873/-/via/file/etc/passwd',
    'http://localhost:4873/-/via/https/a..b/c',
  ])('%j is nothing that was written for a mirror', (text) => {
    const mirror = parseMirrorAddress('http://localhost:4873/', '--mirror');
    const read = readHttpUrl(text);
    if (read.type === 'http') expect(fromMirror(read.url, mirror, home)).toBeNull();
    expect(readViaPath(text.replace('http://localhost:4873', ''))).toBeNull();
  });

  it('is asked for exactly what the URL meant', () => {
    const host = fc.constantFrom(
      'registry.npm.test',
      'Other.Test',
      'other.test.',
      'a_b.test',
      '127.0.0.1',
      '[::1]',
    );
    const port = fc.constantFrom('', ':443', ':80', ':8080', ':0443');
    const path = fc
      .array(
        fc.constantFrom(
          'a',
          '@s',
          '%2f',
          '-',
          'via',
          'https',
          'h.test',
          '',
          '@s%2fa',
          'a-1.tgz',
          "x'y",
        ),
      )
      .map((segments) => segments.map((segment) => `/${segment}`).join(''));
    const query = fc.constantFrom('', '?a=b', '?');
    const mirrors = fc.constantFrom(
      'http://localhost:4873/',
      'https://m.test/npm/',
      'http://127.0.0.1/',
    );
    const property = fc.property(
      fc.constantFrom('http', 'https', 'HTTPS'),
      fc.tuple(host, port),
      fc.tuple(path, query),
      mirrors,
      (scheme, [name, ownPort], [ownPath, ownQuery], mirrorText) => {
        const text = `${scheme}://${name}${ownPort}${ownPath}${ownQuery}`;
        const mirror = parseMirrorAddress(mirrorText, '--mirror');
        const { from, to } = toMirror(httpUrl(text), mirror, home);
        const mirrored = text.replace(from, to);
        const back = fromMirror(httpUrl(mirrored), mirror, home);
        expect(back && mirrored.replace(back.from, back.to)).toBe(text);
        const asked = new URL(mirrored);
        expect(asked.origin).toBe(new URL(mirror.prefix).origin);
        const below = `${asked.pathname}${asked.search}`.slice(mirror.path.length);
        const served = below.startsWith('/') ? below : `/${below}`;
        const via = readViaPath(served);
        const meant = new URL(text);
        const meantHost = meant.host.replace(/\.(?=:|$)/, '');
        expect(via ?? { scheme: 'https', host: 'registry.npm.test', rest: served }).toEqual({
          scheme: meant.protocol.slice(0, -1),
          host: meantHost,
          rest: `${meant.pathname}${meant.search}`,
        });
      },
    );
    fc.assert(property, { numRuns: 2000 });
  });
});
