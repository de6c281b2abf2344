import { describe, expect, it } from 'vitest';
import { detectBase } from '../../../base-images/detect/detect-base.ts';
import { changedFiles, type FileChange } from '../../../base-images/files/changed-files.ts';
import type { ImageFiles } from '../../../base-images/files/image-files.ts';
import { reconstructRelease } from '../../../base-images/reconstruct/reconstruct-release.ts';
import { findRelease } from '../../../base-images/releases/find-release.ts';
import { loadReleases } from '../../../base-images/releases/load-releases.ts';

const releases = await loadReleases();
const bookworm = reconstructRelease(findRelease(releases, 'debian:12'), { sudo: 'installed' });
const trusty = reconstructRelease(findRelease(releases, 'ubuntu:14.04'), { sudo: 'installed' });
const mib = 1024 * 1024;

describe('files that would take long to read with care', () => {
  const many = (text: string, times: number): Buffer => Buffer.from(text.repeat(times), 'latin1');
  it.each<[string, string, Buffer]>([
    ['an os-release of spaces', 'etc/os-release', many(' ', 65_000)],
    ['an os-release of one long value', 'etc/os-release', Buffer.from(`ID=${' '.repeat(65_000)}x`)],
    ['a status of line ends', 'var/lib/dpkg/status', many('\n', 30 * mib)],
    ['a status of bad stanzas', 'var/lib/dpkg/status', many('a\n\n', 10 * mib)],
    [
      'a status of one long field',
      'var/lib/dpkg/status',
      Buffer.from(`Package:${' '.repeat(2 * mib)}x`),
    ],
    ['a status of colons', 'var/lib/dpkg/status', many(':', 30 * mib)],
    ['sources of brackets', 'etc/apt/sources.list', Buffer.from(`deb ${'['.repeat(mib - 10)}`)],
    ['sources of spaces', 'etc/apt/sources.list', Buffer.from(`deb${' '.repeat(mib - 10)}x`)],
    [
      'stanzas of continued lines',
      'etc/apt/sources.list.d/a.sources',
      Buffer.from(`Types: a\n${' b\n'.repeat(300_000)}`),
    ],
    ['sudoers of line ends', 'etc/sudoers', many('\n', 16 * mib)],
    ['sudoers of spaces', 'etc/sudoers', Buffer.from(`#includedir${' '.repeat(15 * mib)}`)],
    ['accounts of line ends', 'etc/passwd', many('\n', 4 * mib)],
    ['accounts of colons', 'etc/passwd', many(':', 4 * mib)],
    [
      'a bundle of beginnings',
      'etc/ssl/certs/ca-certificates.crt',
      many('-----BEGIN CERTIFICATE-----\n', 500_000),
    ],
    ['diversions of line ends', 'var/lib/dpkg/diversions', many('\n', mib)],
  ])('%s', { timeout: 20_000 }, async (_, path, content) => {
    const owned = { mode: 0o644, uid: 0, gid: 0 };
    const files = await changedFiles(bookworm, [
      { ...owned, kind: 'directory', path: 'etc/ssl' },
      { ...owned, kind: 'directory', path: 'etc/ssl/certs' },
      { ...owned, kind: 'directory', path: 'etc/apt/sources.list.d' },
      { ...owned, kind: 'file', path, content },
    ]);
    const startMs = performance.now();
    await detectBase(files, { releases });
    expect(performance.now() - startMs).toBeLessThan(8_000);
  });

  it('a directory of very many authorities is not gone through to its end', async () => {
    const local = 'usr/local/share/ca-certificates';
    const names = Array.from({ length: 1_000_000 }, (_, index) => `${index}.crt`);
    let looks = 0;
    const facts = await detectBase(
      {
        ...bookworm,
        names: async (path) => (path === local ? names : bookworm.names(path)),
        async at(path) {
          looks += 1;
          return bookworm.at(path);
        },
        async follow(path) {
          const isTool = path === 'usr/sbin/update-ca-certificates';
          return bookworm.follow(isTool ? 'usr/bin/date' : path);
        },
      },
      { releases },
    );
    expect(facts.problems).toContainEqual(
      expect.objectContaining({ path: local, kind: 'too-large' }),
    );
    expect(looks).toBeLessThan(10_000);
  });
});

describe('whatever is where a file is looked for', () => {
  const zeros = Buffer.alloc(10 * mib);
  const owned = { mode: 0o755, uid: 0, gid: 0 };
  const lines = Buffer.from('[:\n'.repeat(10_000));
  const others: readonly (readonly [string, (path: string) => readonly FileChange[]])[] = [
    ['nothing', (path) => [{ kind: 'remove', path }]],
    [
      'a directory that is not empty',
      (path) => [
        { kind: 'remove', path },
        { ...owned, kind: 'directory', path },
        { ...owned, kind: 'file', path: `${path}/inner.list`, content: lines },
      ],
    ],
    ['10 MB of zeros', (path) => [{ ...owned, kind: 'file', path, content: zeros }]],
    ['lines of nothing', (path) => [{ ...owned, kind: 'file', path, content: lines }]],
    ['a link to itself', (path) => [{ ...owned, kind: 'symlink', path, target: `/${path}` }]],
    [
      'a link out of the root',
      (path) => [{ ...owned, kind: 'symlink', path, target: '../'.repeat(50) }],
    ],
  ];

  it.each(others)('%s: detection ends with facts', async (_, change) => {
    for (const base of [bookworm, trusty]) {
      const paths = await pathsLookedAt(base);
      expect(paths.length).toBeGreaterThan(60);
      for (const path of paths) {
        const files = await changedFiles(base, change(path));
        const facts = await detectBase(files, { releases });
        expect([path, facts.problems.length < 20]).toEqual([path, true]);
      }
    }
  });

  async function pathsLookedAt(files: ImageFiles): Promise<readonly string[]> {
    const seen = new Set<string>();
    const watch =
      <Result>(look: (path: string) => Promise<Result>) =>
      (path: string) => {
        seen.add(path);
        return look(path);
      };
    await detectBase(
      {
        at: watch(files.at),
        follow: watch(files.follow),
        names: watch(files.names),
        read(path, options) {
          seen.add(path);
          expect(options.maxBytes).toBeLessThanOrEqual(64 * mib);
          return files.read(path, options);
        },
      },
      { releases },
    );
    // What is behind a link cannot be changed under that name.
    const plain = await Promise.all(
      [...seen].map(async (path) => {
        const parent = path.split('/').slice(0, -1).join('/');
        const found = await files.follow(parent);
        return found === null || found.path === parent ? [path] : [];
      }),
    );
    return plain.flat().filter((path) => path !== '');
  }
});
