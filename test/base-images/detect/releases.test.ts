import { describe, expect, it } from 'vitest';
import { detectBase } from '../../../base-images/detect/detect-base.ts';
import { reconstructRelease } from '../../../base-images/reconstruct/reconstruct-release.ts';
import { loadReleases } from '../../../base-images/releases/load-releases.ts';
import type { Release } from '../../../base-images/releases/release.ts';

const releases = await loadReleases();

describe.each(releases.map((release) => [release.id, release] as const))('%s', (id, release) => {
  it('is found as what its data say, in a tree made of these', async () => {
    const files = reconstructRelease(release, { sudo: 'as-in-image' });
    const facts = await detectBase(files, { releases });
    const { image, users } = release;
    expect(facts).toMatchObject({
      os: { id: release.os.id, versionCodename: release.os.codename, source: 'etc/os-release' },
      family: 'debian',
      release: id,
      derivedFrom: null,
      architecture: { name: 'amd64', source: 'bin/sh' },
      packages: { database: 'dpkg', path: 'var/lib/dpkg/status' },
      libc: image.libc.value,
      init: { kind: image.init.value.kind },
      usrMerged: image.usrMerged.value,
      resolvConf: { type: image.resolvConf.value === 'link' ? 'symlink' : 'file' },
      apt: {
        version: image.packages.get('apt')?.value ?? null,
        sources: sourcesOf(release),
      },
      docker: {
        policyRcD: image.policyRcD.value ? 'denies' : 'none',
        initctlDivertedTo: image.initctlDiverted.value ? 'sbin/initctl.distrib' : null,
        configuration: image.dockerConfiguration.value,
        runSystemdContainer: image.runSystemdContainer.value,
      },
      problems: [],
    });
    expect(facts.users.byUid(1000)?.name ?? null).toBe(users.uid1000.value);
    expect(facts.tools.adduser !== null).toBe(users.adduser.value);
    expect(facts.sudo.program !== null).toBe(release.sudo.inImage.value);
    if (image.packages.get('coreutils') !== null)
      expect(facts.coreutils.kind).toBe(image.coreutils.value.kind);
  });

  it('has the sudo that its data say, once that is installed', async () => {
    const files = reconstructRelease(release, { sudo: 'installed' });
    const { sudo, sudoers, problems } = await detectBase(files, { releases });
    expect(problems).toEqual([]);
    expect(sudo.program).toMatchObject({
      engine: release.sudo.engine.value,
      path: 'usr/bin/sudo',
      how: release.sudo.how.value,
      setuid: true,
    });
    expect(sudo.visudoPath).toBe('usr/sbin/visudo');
    expect(sudoers).toMatchObject({
      lines: release.sudoers.lines.value,
      include: release.sudoers.include.value,
      endsInNewline: true,
      crlf: false,
      file: { mode: 0o440 },
      directory: { type: 'directory' },
    });
  });

  it('has another without what it recommends, where its data say so', async () => {
    const files = reconstructRelease(release, { sudo: 'without-recommends' });
    const { sudo } = await detectBase(files, { releases });
    expect(sudo.program?.engine).toEqual(release.sudo.engineWithoutRecommends.value);
    expect(sudo.program?.realPath).toBe(release.sudo.programs.value.sudo);
    expect(sudo.others).toEqual([]);
  });
});

/** A line has one suite, a stanza all. */
function sourcesOf({ os, apt }: Release): readonly object[] {
  const suites = [os.codename, `${os.codename}-updates`];
  const { value: file } = apt.sources;
  return file.format === 'list'
    ? suites.map((suite) => ({ ...file, suites: [suite] }))
    : [{ ...file, suites }];
}
