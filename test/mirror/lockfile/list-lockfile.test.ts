import { describe, expect, it } from 'vitest';
import { listLockfile } from '../../../mirror/lockfile/list-lockfile.ts';

const npm = 'https://registry.npm.test';

/** Each package in short: `name@version url integrity :line`, with `!` for what the project names by URL. */
function shortList(text: string, name: string): string[] {
  return listLockfile(text, name).map(
    ({ name: own, version, url, integrity, line, source }) =>
      `${source === 'url' ? '!' : ''}${own}@${version} ${url} ${integrity} :${line}`,
  );
}

describe('what a lockfile needs', () => {
  it('package-lock 3: aliases by their own name, no links, workspaces, git, files or bundled ones', () => {
    const packages = {
      '': { name: 'x', dependencies: { pinned: `${npm}/once/-/once-1.4.0.tgz` } },
      'node_modules/@types/ms': {
        version: '0.7.34',
        resolved: `${npm}/@types/ms/-/ms-0.7.34.tgz`,
        integrity: 'sha512-a',
      },
      'node_modules/alias': {
        name: 'left-pad',
        version: '1.3.0',
        resolved: `${npm}/left-pad/-/left-pad-1.3.0.tgz`,
      },
      'node_modules/a/node_modules/b': { version: '2.0.0', integrity: 'sha512-b' },
      'node_modules/c/node_modules/b': { version: '2.0.0', integrity: 'sha512-b' },
      'node_modules/bundled': { version: '1.0.0', inBundle: true },
      'node_modules/rootBundled': { version: '1.0.0', inBundle: true, resolved: `${npm}/r.tgz` },
      'node_modules/absent': { optional: true, peer: true },
      'node_modules/linked': { resolved: 'packages/ws', link: true },
      'packages/ws': { version: '1.0.0' },
      'node_modules/git': { version: '1.0.0', resolved: 'git+ssh://git@h.test/x.git#abc' },
      'node_modules/file': { version: '1.0.0', resolved: 'file:x.tgz', integrity: 'sha512-f' },
      'node_modules/pinned': {
        name: 'once',
        version: '1.4.0',
        resolved: `${npm}/once/-/once-1.4.0.tgz`,
      },
      'node_modules/once': { version: '1.4.0', resolved: `${npm}/once/-/once-1.4.0.tgz` },
      'node_modules/secret': { version: '1.0.0', resolved: 'https://u:pw@h.test/x.tgz' },
    };
    const text = JSON.stringify({ lockfileVersion: 3, packages }, null, 1);
    const lines = shortList(text, 'package-lock.json').map((line) => line.replace(/ :\d+$/, ''));
    expect(lines).toEqual([
      `@types/ms@0.7.34 ${npm}/@types/ms/-/ms-0.7.34.tgz sha512-a`,
      `left-pad@1.3.0 ${npm}/left-pad/-/left-pad-1.3.0.tgz null`,
      'b@2.0.0 null sha512-b',
      `rootBundled@1.0.0 ${npm}/r.tgz null`,
      `!once@1.4.0 ${npm}/once/-/once-1.4.0.tgz null`,
      'secret@1.0.0 null null',
    ]);
    const [first] = listLockfile(text, 'package-lock.json');
    expect(text.split('\n')[(first?.line ?? 0) - 1]).toContain('@types/ms');
  });

  it('package-lock 1 and older: nested, aliases and URLs as versions', () => {
    const dependencies = {
      once: {
        version: '1.4.0',
        resolved: `${npm}/once/-/once-1.4.0.tgz`,
        integrity: 'sha1-x',
        dependencies: { wrappy: { version: '1.0.2' } },
      },
      alias: { version: 'npm:@s/left-pad@1.3.0', resolved: `${npm}/l.tgz` },
      url: { version: `${npm}/w.tgz`, integrity: 'sha512-w' },
      git: { version: 'git+ssh://git@h.test/x.git#abc', from: 'x' },
      hub: { version: 'github:a/b#abc' },
      file: { version: 'file:x' },
      bundled: { version: '1.0.0', bundled: true },
    };
    const expected = [
      `once@1.4.0 ${npm}/once/-/once-1.4.0.tgz sha1-x :1`,
      'wrappy@1.0.2 null null :1',
      `@s/left-pad@1.3.0 ${npm}/l.tgz null :1`,
      `!url@null ${npm}/w.tgz sha512-w :1`,
    ];
    expect(
      shortList(JSON.stringify({ lockfileVersion: 1, dependencies }), 'package-lock.json'),
    ).toEqual(expected);
    expect(shortList(JSON.stringify({ name: 'x', dependencies }), 'npm-shrinkwrap.json')).toEqual(
      expected,
    );
  });

  it('package-lock 2: each package once', () => {
    const own = { version: '1.4.0', resolved: `${npm}/once.tgz`, integrity: 'sha512-o' };
    const text = JSON.stringify({
      lockfileVersion: 2,
      packages: { 'node_modules/once': own },
      dependencies: { once: own },
    });
    expect(shortList(text, 'x.json')).toEqual([`once@1.4.0 ${npm}/once.tgz sha512-o :1`]);
  });

  it('pnpm 9', () => {
    const text = `lockfileVersion: '9.0'

importers:
  .:
    dependencies: {}

packages:

  '@types/ms@0.7.34':
    resolution: {integrity: sha512-a}

  once@1.4.0:
    resolution: {integrity: sha512-o, tarball: ${npm}/once/-/once-1.4.0.tgz}

  wrappy@https://h.test/w.tgz:
    resolution: {integrity: sha512-w, tarball: https://h.test/w.tgz}
    version: 1.0.2

  hub@https://codeload.test/a/b/tar.gz/abc:
    resolution: {tarball: https://codeload.test/a/b/tar.gz/abc}
    version: 1.0.0

  git@git+https://h.test/x.git#abc:
    resolution: {commit: abc, repo: https://h.test/x.git, type: git}
    version: 1.0.0

  file@file:x.tgz:
    resolution: {integrity: sha512-f, tarball: file:x.tgz}
    version: 1.0.0

  dir@file:x:
    resolution: {directory: x, type: directory}

snapshots:

  once@1.4.0: {}
`;
    expect(shortList(text, 'pnpm-lock.yaml')).toEqual([
      '@types/ms@0.7.34 null sha512-a :10',
      `once@1.4.0 ${npm}/once/-/once-1.4.0.tgz sha512-o :13`,
      '!wrappy@1.0.2 https://h.test/w.tgz sha512-w :16',
      '!hub@1.0.0 https://codeload.test/a/b/tar.gz/abc null :20',
    ]);
  });

  it('pnpm 6: peers cut off, other registries by their host', () => {
    const text = `lockfileVersion: '6.0'
packages:
  /@s/a@1.0.0(react@18.0.0)(b@2.0.0):
    resolution: {integrity: sha512-a}
  npm.corp.test/@s/b@1.0.0:
    resolution: {integrity: sha512-b, tarball: https://npm.corp.test/@s/b.tgz}
    name: '@s/b'
    version: 1.0.0
  '@h.test/c.tgz':
    resolution: {tarball: https://h.test/c.tgz}
    name: c
    version: 3.0.0
`;
    expect(shortList(text, 'pnpm-lock.yaml')).toEqual([
      '@s/a@1.0.0 null sha512-a :4',
      '@s/b@1.0.0 https://npm.corp.test/@s/b.tgz sha512-b :6',
      '!c@3.0.0 https://h.test/c.tgz null :10',
    ]);
  });

  it('yarn 1: with the SHA-1 of old entries', () => {
    const sha1 = 'da39a3ee5e6b4b0d3255bfef95601890afd80709';
    const text = `# yarn lockfile v1


"@types/ms@^0.7.0", "@types/ms@~0.7.1":
  version "0.7.34"
  resolved "https://registry.yarn.test/@types/ms.tgz#${sha1}"

"alias@npm:left-pad@1.3.0":
  version "1.3.0"
  resolved "https://registry.yarn.test/left-pad.tgz#abc"
  integrity sha512-l
  dependencies:
    resolved "^1.0.0"
  optionalDependencies:
    "@a/b" "1"

once@^1.4.0, once@1:
  version "1.4.0"
  resolved once-1.4.0.tgz#abc

"u@https://h.test/u.tgz":
  version "1.0.0"
  resolved "https://h.test/u.tgz#abc"

"git@git+ssh://git@h.test/x.git":
  version "1.0.0"
  resolved "git+ssh://git@h.test/x.git#abc"

hub@a/b:
  version "1.0.0"
  resolved "https://codeload.test/a/b/tar.gz/abc"

"file@file:./x":
  version "1.0.0"
`;
    const yarn = 'https://registry.yarn.test';
    expect(shortList(text, 'yarn.lock')).toEqual([
      `@types/ms@0.7.34 ${yarn}/@types/ms.tgz#${sha1} sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk= :6`,
      `left-pad@1.3.0 ${yarn}/left-pad.tgz#abc sha512-l :10`,
      'once@1.4.0 null null :19',
      '!u@1.0.0 https://h.test/u.tgz#abc null :23',
    ]);
    expect(shortList(text.replaceAll('\n', '\r\n'), 'x/yarn.lock').length).toBe(4);
  });

  it('yarn berry: without integrity, whatever its __metadata', () => {
    const text = `__metadata:
  version: 8

"@types/ms@npm:0.7.34":
  version: 0.7.34
  resolution: "@types/ms@npm:0.7.34"
  checksum: 10c0/abc

"alias@npm:left-pad@1.3.0":
  version: 1.3.0
  resolution: "left-pad@npm:1.3.0::__archiveUrl=${encodeURIComponent(`${npm}/l.tgz`)}"

"u@https://h.test/u.tgz":
  version: 1.0.0
  resolution: "u@https://h.test/u.tgz"

"git@https://h.test/x.git":
  version: 1.0.0
  resolution: "git@https://h.test/x.git#commit=abc"

"p@patch:p@npm%3A1.0.0#x":
  version: 1.0.0
  resolution: "p@patch:p@npm%3A1.0.0#x::hash=abc"

"ws@workspace:.":
  version: 0.0.0-use.local
  resolution: "ws@workspace:."
? "long@npm:1.0.0"
:
  version: 1.0.0
  resolution: "long@npm:1.0.0"
`;
    const expected = [
      '@types/ms@0.7.34 null null :6',
      `left-pad@1.3.0 ${npm}/l.tgz null :11`,
      '!u@null https://h.test/u.tgz null :15',
      'long@1.0.0 null null :31',
    ];
    for (const version of [4, 5, 6, 7, 8, 9, 10]) {
      const other = text.replace('version: 8', `version: ${version}`);
      expect(shortList(other, 'yarn.lock')).toEqual(expected);
    }
  });

  it('bun', () => {
    const text = `{
  "lockfileVersion": 1,
  "workspaces": { "": { "name": "x", }, },
  "packages": {
    "@types/ms": ["@types/ms@0.7.34", "", {}, "sha512-a"],
    "alias": ["left-pad@1.3.0", "${npm}/l.tgz", { "bin": "x" }, "sha512-l"],
    "u": ["u@https://h.test/u.tgz", {}, "sha512-u"],
    "git": ["git@git+https://h.test/x.git#abc", {}, "abc"],
    "hub": ["hub@github:a/b#abc", {}, "a-b-abc"],
    "file": ["file@file:x", {}],
    "ws": ["ws@workspace:ws"],
  }
}`;
    expect(shortList(text, 'bun.lock')).toEqual([
      '@types/ms@0.7.34 null sha512-a :5',
      `left-pad@1.3.0 ${npm}/l.tgz sha512-l :6`,
      '!u@null https://h.test/u.tgz sha512-u :7',
    ]);
  });
});
