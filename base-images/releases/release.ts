import type { FoundSudoEngine } from '../sudoers/engine.ts';

/**
 * What is known of a release before anybody looks into an image of it. Loaded from one file each, by `loadReleases`.
 * Nothing branches on a release: code looks into the image, and these say what to expect there.
 */
export interface Release {
  /** As in `ubuntu-18.04`. */
  readonly id: string;
  readonly title: string;
  readonly os: ReleaseOs;
  readonly support: ReleaseSupport;
  readonly image: ReleaseImage;
  readonly sudo: ReleaseSudo;
  readonly sudoers: ReleaseSudoers;
  readonly users: ReleaseUsers;
  readonly apt: ReleaseApt;
  readonly ca: ReleaseCa;
  readonly boot: ReleaseBoot;
  readonly installable: ReleaseInstallable;
  /** What differs here from what one would expect, a sentence each. */
  readonly notes: readonly Fact<string>[];
}

/** `run`: seen when it was run; `read`: read in the source that is named; `no`: not verified. */
export type Verified = 'run' | 'read' | 'no';

export interface Fact<Value> {
  readonly value: Value;
  /** Where it was seen, in words. */
  readonly source: string;
  readonly verified: Verified;
}

/** As os-release(5) of the release has it; by id and version, or by id and codename where it has no version, it is recognised. */
export interface ReleaseOs {
  readonly id: string;
  readonly idLike: readonly string[];
  /** What people call it, also where os-release has none yet. */
  readonly versionId: string;
  readonly codename: string;
  readonly name: string;
  readonly prettyName: Fact<string>;
  /** False while os-release has no VERSION_ID: before the release. */
  readonly versionInOsRelease: Fact<boolean>;
  readonly debianVersion: Fact<string>;
}

export interface ReleaseSupport {
  /**
   * `supported`: with updates that everybody gets; `frozen`: these have ended, the suites are where they were and images
   * can still be pulled; `ended`: the suites have moved, or are about to; `development`: not released yet.
   */
  readonly state: 'supported' | 'frozen' | 'ended' | 'development';
  /** The day on which that was so, as in `2026-11-22`. */
  readonly asOf: string;
  readonly released: Fact<string | null>;
  /** The last day of updates that everybody gets; of Debian, those of LTS are among them. */
  readonly until: Fact<string | null>;
  /** The day on which the last updates end that anybody gets, paid ones included. */
  readonly extendedUntil: Fact<string | null>;
  /** Where its suites are: with those of current releases, or with those that have ended. */
  readonly archive: Fact<'main' | 'historical'>;
  /** Whether Docker's official images of it are still built, and since when not, where that is known. Null: not known. */
  readonly officialImage: Fact<{
    readonly isBuilt: boolean;
    readonly until: string | null;
  } | null>;
}

/** The image as it is published: before anything is installed. */
export interface ReleaseImage {
  /** Under which name it is published, as in `docker.io/library/NAME:TAG`; null where it is not. */
  readonly reference: Fact<string | null>;
  readonly libc: Fact<{ readonly kind: 'glibc' | 'musl'; readonly version: string }>;
  readonly init: Fact<{
    readonly kind: 'systemd' | 'upstart' | 'none';
    readonly version: string | null;
  }>;
  /** Whether its libc uses clone3, which old seccomp profiles refuse. */
  readonly clone3: Fact<boolean>;
  readonly usrMerged: Fact<boolean>;
  readonly coreutils: Fact<{ readonly kind: 'gnu' | 'uutils'; readonly version: string | null }>;
  /** `link`: that of resolvconf. */
  readonly resolvConf: Fact<'file' | 'link'>;
  /** Of docker's own: `/usr/sbin/policy-rc.d` that forbids services to start. */
  readonly policyRcD: Fact<boolean>;
  readonly initctlDiverted: Fact<boolean>;
  /** What `/run/systemd/container` says; null where it is missing. */
  readonly runSystemdContainer: Fact<string | null>;
  /** Settings of apt and dpkg that are there for containers alone, as paths without a leading slash. */
  readonly dockerConfiguration: Fact<readonly string[]>;
  readonly packages: ReleasePackages;
}

/** Of the packages of an image those that matter here; most are not named. */
export interface ReleasePackages {
  /** Names of all packages that are known to be there, in order. */
  readonly names: readonly string[];
  /** The version in the image, with Debian's revision where it is known; value null: not in the image. Null: nothing is known. */
  get(name: string): Fact<string | null> | null;
}

export interface ReleaseSudo {
  /** Whether the image has `sudo` before anything is installed. */
  readonly inImage: Fact<boolean>;
  /** Of the package `sudo`; an `x` at the end stands for what differs between updates. */
  readonly packageVersion: Fact<string>;
  /** What `sudo` starts after the package was installed with what it recommends. */
  readonly engine: Fact<FoundSudoEngine>;
  /** The same without what it recommends. */
  readonly engineWithoutRecommends: Fact<FoundSudoEngine>;
  /** `alternatives`: the names `sudo` and `visudo` are links that the administrator can turn. */
  readonly how: Fact<'package' | 'alternatives'>;
  /** Where the package `sudo` has its programs. */
  readonly programs: Fact<{ readonly sudo: string; readonly visudo: string }>;
  /** Version of the package `sudo-rs`, where there is one. */
  readonly sudoRs: Fact<string | null>;
  /** Whether HOME under sudo is that of root or the caller's. */
  readonly home: Fact<'root' | 'caller'>;
  /** Whether programs in `/usr/local/bin` are found under sudo. */
  readonly localInSecurePath: Fact<boolean>;
}

export interface ReleaseSudoers {
  /** The file as the package has it; null where nobody has seen it. */
  readonly text: Fact<Buffer | null>;
  /** Whether the text was put together from what is known of it, and not taken from the package. */
  readonly reconstructed: boolean;
  readonly lines: Fact<number>;
  readonly bytes: Fact<number | null>;
  readonly include: Fact<{ readonly style: '#' | '@'; readonly line: number }>;
  /** Spellings of an include that the release's sudo takes. */
  readonly acceptedIncludes: Fact<readonly ('#' | '@')[]>;
  /** Whether one syntax error locks everybody out. */
  readonly syntaxErrorIsFatal: Fact<boolean>;
  /** The package that owns it. */
  readonly package: Fact<string>;
}

/** What useradd says of names that are not the usual ones. */
export interface UseraddNames {
  /** How it exits when it refuses a name. */
  readonly refusalExit: number;
  /** Whether it takes names with `@` and with characters beyond ASCII. */
  readonly takesAtAndNonAscii: boolean;
  /** Whether it takes names of over 32 characters. */
  readonly takesOver32: boolean;
}

export interface ReleaseUsers {
  readonly useraddNames: Fact<UseraddNames | null>;
  /** Who has uid 1000 in the image. */
  readonly uid1000: Fact<string | null>;
  readonly adduser: Fact<boolean>;
  /** Of shadow: useradd and its relatives. */
  readonly shadow: Fact<string>;
  /** Of a new home, as in `0755`. */
  readonly homeMode: Fact<string>;
  readonly sudoGroupId: Fact<number>;
  /** Whether the default sudoers file names the group `admin`. */
  readonly adminInSudoers: Fact<boolean>;
}

export interface ReleaseApt {
  readonly version: Fact<string>;
  readonly sources: Fact<{ readonly file: string; readonly format: 'list' | 'deb822' }>;
  /**
   * The archive that the published image names; it does so still when the suites have moved. Null where it is not
   * recorded here.
   */
  readonly archiveUri: Fact<string | null>;
  /** Whether apt reads deb822 files at all. */
  readonly readsDeb822: Fact<boolean>;
  /** Whether apt can use https without a further package. */
  readonly httpsBuiltIn: Fact<boolean>;
  readonly aptKey: Fact<boolean>;
  readonly verifier: Fact<'gpgv' | 'gpg' | 'sqv'>;
}

export interface ReleaseCa {
  readonly inImage: Fact<boolean>;
  readonly bundlePath: Fact<string>;
  /** In the bundle, once ca-certificates is installed. */
  readonly certificates: Fact<number | null>;
  /** Whether update-ca-certificates says `rehash: warning` on every change. */
  readonly rehashWarns: Fact<boolean | null>;
  readonly tls13: Fact<boolean>;
  /** Whether OpenSSL refuses 1024-bit and SHA-1 authorities (security level 2). */
  readonly refusesWeak: Fact<boolean>;
}

export interface ReleaseBoot {
  /** The version of systemd that is in the image or can be installed; null where there is none. */
  readonly systemd: Fact<string | null>;
  /** Versions of cgroup that its init works with. */
  readonly cgroups: Fact<readonly ('v1' | 'v2')[]>;
  /** The oldest kernel that its systemd works with, where it says so. */
  readonly kernelFloor: Fact<string | null>;
  readonly e2fsprogs: Fact<string>;
  /** Whether its e2fsck reads file systems with metadata_csum, and with orphan_file and metadata_csum_seed. */
  readonly e2fsckReads: Fact<{ readonly metadataCsum: boolean; readonly orphanFile: boolean }>;
  readonly sysvScripts: Fact<boolean>;
}

/** What its packages bring, once they are installed. */
export interface ReleaseInstallable {
  readonly python3: Fact<string>;
  readonly openssl: Fact<string>;
  /** Whether official builds of Node 18 and later run: they need glibc 2.28. */
  readonly node18: Fact<boolean>;
}
