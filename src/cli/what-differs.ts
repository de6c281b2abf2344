import type { Release } from '../../base-images/index.ts';

/** What one has to know of a release before one builds on it, in a few words each; by its facts alone. */
export function whatDiffers(release: Release): readonly string[] {
  const { sudo, sudoers, image, users, apt, boot, support, installable } = release;
  const differences: readonly (readonly [boolean, string])[] = [
    [support.archive.value === 'historical', 'suites moved to the old archive'],
    [sudoers.syntaxErrorIsFatal.value, 'one error in sudoers locks everybody out'],
    [!sudoers.acceptedIncludes.value.includes('@'), 'no @includedir'],
    [sudo.engine.value.provider === 'sudo-rs', 'sudo-rs answers to sudo'],
    [!sudo.localInSecurePath.value, 'no /usr/local under sudo'],
    [sudo.home.value === 'caller', "sudo keeps the caller's HOME"],
    [sudo.inImage.value, 'sudo is in the image'],
    [users.uid1000.value !== null, `uid 1000 is ${users.uid1000.value ?? ''}`],
    [!users.adduser.value, 'no adduser'],
    [!image.usrMerged.value, '/usr not merged'],
    [image.coreutils.value.kind === 'uutils', 'uutils in place of GNU coreutils'],
    [image.init.value.kind !== 'none', `${image.init.value.kind} is in the image`],
    [image.resolvConf.value === 'link', 'resolv.conf is a link'],
    [!boot.cgroups.value.includes('v1'), 'cgroups of version 2 alone'],
    [apt.sources.value.format === 'deb822', 'apt sources in deb822'],
    [!apt.httpsBuiltIn.value, 'apt without https'],
    [!installable.node18.value, 'no Node 18 and later'],
  ];
  return differences.flatMap(([holds, words]) => (holds ? [words] : []));
}
