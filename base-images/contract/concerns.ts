import type { Concern } from './check.ts';
import { isOlderThan } from '../detect/debian-version.ts';

/** What checks are about, by the facts of the image. No concern asks for a release. */
export const withSudo: Concern = {
  words: 'images with sudo',
  holds: ({ facts }) => facts.sudo.program !== null,
};

export const withKnownSudo: Concern = {
  words: 'images with a sudo whose version is known',
  holds: ({ facts }) => (facts.sudo.program?.engine.version ?? null) !== null,
};

export const withSudoRs: Concern = {
  words: 'images where sudo-rs answers to sudo',
  holds: ({ facts }) => facts.sudo.program?.engine.provider === 'sudo-rs',
};

export const withOtherSudo: Concern = {
  words: 'images with a second sudo',
  holds: ({ facts }) => facts.sudo.others.some(({ engine }) => engine.version !== null),
};

export const withVisudo: Concern = {
  words: 'images with visudo',
  holds: ({ facts }) => facts.sudo.visudoPath !== null,
};

export const withSudoers: Concern = {
  words: 'images with a sudoers file',
  holds: ({ facts }) => facts.sudoers.file !== null,
};

export const withSudoersDirectory: Concern = {
  words: 'images with /etc/sudoers.d',
  holds: ({ facts }) => facts.sudoers.directory !== null,
};

export const withUser: Concern = {
  words: 'images whose working user is known',
  holds: ({ user }) => user !== null,
};

/** Of somebody else's user the image's author decides everything. */
export const withOwnUser: Concern = {
  words: 'images whose working user is in /etc/passwd',
  holds: ({ user, facts }) => user !== null && facts.users.byName(user) !== null,
};

export const setUp: Concern = {
  words: 'images that were set up',
  holds: ({ isSetUp }) => isSetUp,
};

export const withBefore: Concern = {
  words: 'set-up images whose base is still in the store',
  holds: ({ before }) => before !== null,
};

export const withShell: Concern = {
  words: 'images with a shell',
  holds: ({ facts }) => facts.tools.shell !== null,
};

export const withDistribution: Concern = {
  words: 'images of a distribution',
  holds: ({ facts }) => !['scratch', 'distroless', 'other'].includes(facts.family),
};

export const withApt: Concern = {
  words: 'images with apt',
  holds: ({ facts }) => facts.apt.version !== null || facts.tools.apt !== null,
};

export const withCaBundle: Concern = {
  words: 'images with certificates',
  holds: ({ facts }) => facts.ca.bundlePath !== null,
};

export const withCaUpdater: Concern = {
  words: 'images with update-ca-certificates',
  holds: ({ facts }) => facts.ca.mechanism === 'update-ca-certificates',
};

export const withLocalCertificates: Concern = {
  words: 'images with certificates of their own',
  holds: ({ facts }) => facts.ca.localCertificates.length > 0,
};

export const withInit: Concern = {
  words: 'images with an init',
  holds: ({ facts }) => facts.init.path !== null,
};

export const withOldSystemd: Concern = {
  words: 'images with a systemd before 233, which needs cgroups of version 1',
  holds: ({ facts: { init } }) =>
    init.kind === 'systemd' && init.version !== null && isOlderThan(init.version, '233'),
};

export const withFsck: Concern = {
  words: 'images with e2fsprogs',
  holds: ({ facts }) => facts.packages.get('e2fsprogs') !== null,
};

export const withNewGlibc: Concern = {
  words: 'images with glibc 2.34 or later, which starts threads with clone3',
  holds: ({ facts: { libc } }) =>
    libc.kind === 'glibc' && libc.version !== null && !isOlderThan(libc.version, '2.34'),
};
