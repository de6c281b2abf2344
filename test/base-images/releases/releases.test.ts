import { cp, readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { findRelease, lookUpRelease } from '../../../base-images/releases/find-release.ts';
import { listFacts } from '../../../base-images/releases/list-facts.ts';
import { loadReleases } from '../../../base-images/releases/load-releases.ts';
import type { Release } from '../../../base-images/releases/release.ts';
import { scratchDir } from '../../support/scratch.ts';

const directory = join(import.meta.dirname, '../../../base-images/releases');
const scratch = scratchDir('releases');
let releases: readonly Release[] = [];
beforeAll(async () => {
  releases = await loadReleases();
});

describe('the releases', () => {
  it('are nine of Ubuntu and five of Debian, the oldest first', () => {
    expect(releases.map(({ id }) => id)).toEqual([
      ...['10', '11', '12', '13', '14'].map((version) => `debian-${version}`),
      ...['14.04', '16.04', '18.04', '20.04', '22.04', '24.04', '25.04', '25.10', '26.04'].map(
        (version) => `ubuntu-${version}`,
      ),
    ]);
  });

  it('have names of their own', () => {
    for (const field of ['versionId', 'codename'] as const)
      expect(new Set(releases.map(({ os }) => os[field])).size).toBe(releases.length);
  });

  it('say of each fact where it comes from and whether it was verified', () => {
    for (const release of releases) {
      const facts = listFacts(release);
      expect(facts.length).toBeGreaterThan(45);
      for (const { fact } of facts) expect(fact.source.length).toBeGreaterThan(5);
      expect(new Set(facts.map(({ fact }) => fact.verified)).size).toBeGreaterThan(1);
    }
  });

  it('keep the mark of what nobody has verified', () => {
    const { os, sudoers, sudo, support, image } = findRelease(releases, 'ubuntu:25.10');
    for (const fact of [sudoers.text, sudoers.bytes, image.usrMerged])
      expect(fact.verified).toBe('no');
    expect(findRelease(releases, 'ubuntu:25.04').sudo.inImage.verified).toBe('no');
    expect(sudo.engineWithoutRecommends.verified).toBe('no');
    expect(os.prettyName.verified).toBe('read');
    expect(support.archive).toMatchObject({ value: 'historical', verified: 'read' });
    expect(findRelease(releases, 'debian:12').sudoers.bytes.verified).toBe('run');
    expect(findRelease(releases, 'ubuntu:18.04').sudoers.bytes.verified).toBe('read');
    expect(findRelease(releases, 'ubuntu:20.04').sudoers.bytes.verified).toBe('no');
  });

  it('have the default sudoers file that they say they have', () => {
    for (const { id, sudoers } of releases) {
      const text = sudoers.text.value?.toString('latin1') ?? '';
      const lines = text.split('\n').slice(0, -1);
      const { style, line } = sudoers.include.value;
      expect([id, lines.length]).toEqual([id, sudoers.lines.value]);
      expect([id, lines[line - 1]]).toEqual([id, `${style}includedir /etc/sudoers.d`]);
      if (sudoers.bytes.value !== null)
        expect([id, text.length]).toEqual([id, sudoers.bytes.value]);
      expect([id, /^%admin/m.test(text)]).toEqual([id, id.startsWith('ubuntu')]);
    }
  });

  it('agree with themselves', () => {
    for (const { id, sudo, sudoers, image, boot, users } of releases) {
      const { provider } = sudo.engine.value;
      expect([id, provider === 'sudo-rs']).toEqual([id, sudo.how.value === 'alternatives']);
      const takesAt = sudoers.acceptedIncludes.value.includes('@');
      expect([id, takesAt]).toEqual([id, !sudoers.syntaxErrorIsFatal.value]);
      expect([id, sudoers.acceptedIncludes.value]).toEqual([
        id,
        expect.arrayContaining([sudoers.include.value.style]),
      ]);
      expect([id, (image.packages.get('sudo')?.value ?? null) !== null]).toEqual([
        id,
        sudo.inImage.value,
      ]);
      expect([id, image.packages.get('no-such-package')]).toEqual([id, null]);
      const libc = image.packages.get('libc6')?.value ?? '';
      expect([id, libc.startsWith(image.libc.value.version)]).toEqual([id, true]);
      if (boot.systemd.value !== null)
        expect([id, boot.cgroups.value.includes('v1')]).toEqual([
          id,
          Number(boot.systemd.value) < 258,
        ]);
      expect([id, users.sudoGroupId.value]).toEqual([id, 27]);
    }
  });

  it('use every source that is named', async () => {
    const { 'sources.json': sources = '', ...files } = await readData();
    const used = new Set(
      Object.values(files)
        .flatMap((text) => [...text.matchAll(/"source": "([^"]+)"/g)])
        .map(([, name]) => name),
    );
    expect(used).toEqual(new Set(Object.keys(JSON.parse(sources))));
  });

  it('name no archive of Debian', async () => {
    for (const [name, text] of Object.entries(await readData())) {
      expect([name, /\b(?:deb|security|archive|snapshot)\.debian\.org/.test(text)]).toEqual([
        name,
        false,
      ]);
    }
  });
});

async function readData(): Promise<Readonly<Record<string, string>>> {
  const names = (await readdir(directory)).filter((name) => name.endsWith('.json'));
  const texts = names.map(async (name) => [name, await readFile(join(directory, name), 'utf8')]);
  return Object.fromEntries(await Promise.all(texts));
}

describe('findRelease', () => {
  it.each([
    ['ubuntu-18.04', 'ubuntu-18.04'],
    ['ubuntu:18.04', 'ubuntu-18.04'],
    ['Ubuntu 18.04', 'ubuntu-18.04'],
    ['bionic', 'ubuntu-18.04'],
    ['ubuntu:bionic', 'ubuntu-18.04'],
    ['18.04', 'ubuntu-18.04'],
    ['18.04.6', 'ubuntu-18.04'],
    ['registry.example/library/ubuntu:26.04@sha256:00', 'ubuntu-26.04'],
    ['debian:12', 'debian-12'],
    ['debian:bookworm-slim', 'debian-12'],
    ['docker.io/library/debian:12.5', 'debian-12'],
    ['debian:forky', 'debian-14'],
    ['debian12', 'debian-12'],
  ])('knows %s', (name, id) => {
    expect(findRelease(releases, name).id).toBe(id);
  });

  it.each(['ubuntu', 'ubuntu:latest', 'ubuntu:18.10', 'debian:9', '', ':', 'ubuntu-', '../x'])(
    'does not know %j, and says what there is',
    (name) => {
      expect(lookUpRelease(releases, name)).toBe(null);
      expect(() => findRelease(releases, name)).toThrow(
        expect.objectContaining({
          code: 'release_unknown',
          message: expect.stringContaining('ubuntu-14.04'),
        }),
      );
    },
  );
});

describe('damaged data of a release', () => {
  const cases: readonly (readonly [string, (json: string) => string, RegExp])[] = [
    ['no JSON', (json) => json.slice(0, -20), /ubuntu-18\.04\.json: it cannot be read as JSON/],
    ['another id', (json) => json.replace('"ubuntu-18.04"', '"ubuntu-18.05"'), /its id is/],
    [
      'a source that is not named',
      (json) => json.replace('"source": "background"', '"source": "hearsay"'),
      /names no source/,
    ],
    ['a field too many', (json) => json.replace('"sudo": {', '"x": 1, "sudo": {'), /Unrecognized/],
    ['a field too few', (json) => json.replace('"homeMode"', '"homeMood"'), /users/],
    ['a value of another form', (json) => json.replace('"0755"', '"rwx"'), /users\.homeMode/],
    [
      'a text of sudoers that is not there',
      (json) => json.replace('"value": "ubuntu-18.04"', '"value": "ubuntu-18.0x"'),
      /sudoers\/ubuntu-18\.0x: it cannot be read/,
    ],
  ];

  it.each(cases)('%s is named with its file', async (name, change, message) => {
    const copy = join(scratch, name.replaceAll(' ', '-'));
    await cp(directory, copy, { recursive: true });
    const path = join(copy, 'ubuntu-18.04.json');
    const json = await readFile(path, 'utf8');
    expect(change(json)).not.toBe(json);
    await writeFile(path, change(json));
    await expect(loadReleases(copy)).rejects.toMatchObject({
      code: 'release_data_invalid',
      message: expect.stringMatching(message),
      data: { path: expect.stringContaining('ubuntu-18.0') },
    });
  });
});
