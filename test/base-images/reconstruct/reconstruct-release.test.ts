import { describe, expect, it } from 'vitest';
import { detectBase, loadReleases, reconstructRelease } from '../../../base-images/index.ts';

const releases = await loadReleases();

describe.each(releases.map((release) => [release.id, release] as const))('%s', (id, release) => {
  it('is found again in its reconstruction, with the sudo that the data expect', async () => {
    const expected = {
      installed: release.sudo.engine.value,
      'without-recommends': release.sudo.engineWithoutRecommends.value,
    };
    for (const sudo of ['installed', 'without-recommends'] as const) {
      const facts = await detectBase(reconstructRelease(release, { sudo }), { releases });
      expect(facts.release).toBe(id);
      expect(facts.problems).toEqual([]);
      expect(facts.sudo.program).toMatchObject({ engine: expected[sudo], setuid: true });
      expect(facts.sudoers.include).toEqual(release.sudoers.include.value);
      expect(facts.sudoers.lines).toBe(release.sudoers.lines.value);
    }
  });

  it('is reconstructed as published, with what docker left in it and who has uid 1000', async () => {
    const facts = await detectBase(reconstructRelease(release, { sudo: 'as-in-image' }), {
      releases,
    });
    const { image, users } = release;
    expect(facts.sudo.program !== null).toBe(release.sudo.inImage.value);
    expect(facts.users.byUid(1000)?.name ?? null).toBe(users.uid1000.value);
    expect(facts.usrMerged).toBe(image.usrMerged.value);
    expect(facts.docker.policyRcD).toBe(image.policyRcD.value ? 'denies' : 'none');
    expect(facts.docker.initctlDivertedTo !== null).toBe(image.initctlDiverted.value);
    expect(facts.init.kind).toBe(image.init.value.kind);
    expect(facts.resolvConf.type).toBe(image.resolvConf.value === 'link' ? 'symlink' : 'file');
  });
});
