import type { BytePath } from '../../src/index.ts';
import type { ImageFile } from '../files/image-files.ts';
import type { FoundSudoEngine } from '../sudoers/engine.ts';

/**
 * What is found in the files of an image, without running it. Paths are those of `ImageFiles`: bytes, without a leading
 * slash. What could not be made out is null or empty, and `problems` says why; nothing here is guessed from the name of
 * a release.
 */
export interface BaseFacts {
  readonly os: OsFacts;
  readonly family: BaseFamily;
  /** Id of the data file of this very release; null for a derivative, and for what the data do not know. */
  readonly release: string | null;
  /** Id of the data file of the release that a derivative was made from. */
  readonly derivedFrom: string | null;
  readonly architecture: ArchitectureFacts | null;
  readonly packages: PackageFacts;
  readonly libc: LibcFacts;
  readonly init: InitFacts;
  readonly sudo: SudoFacts;
  readonly sudoers: SudoersFacts;
  readonly users: UserFacts;
  readonly tools: ToolFacts;
  readonly coreutils: CoreutilsFacts;
  /** Whether `/bin` is a link to `/usr/bin`; null where there is no `/bin`. */
  readonly usrMerged: boolean | null;
  readonly ca: CaFacts;
  readonly openssl: OpensslFacts;
  readonly apt: AptFacts;
  readonly docker: DockerFacts;
  readonly resolvConf: ResolvConfFacts;
  /** The first line of `/etc/hostname` that is no comment, where it can be a name; else null. */
  readonly hostname: BytePath | null;
  readonly machineId: MachineIdState;
  /** Everything that was not as it should be, in the order in which it was met. */
  readonly problems: readonly BaseProblem[];
}

export type BaseFamily = 'debian' | 'alpine' | 'redhat' | 'distroless' | 'scratch' | 'other';

/** One thing about the base that is not as it should be: it lies, is damaged, too large, or of the wrong type. */
export interface BaseProblem {
  readonly path: BytePath;
  readonly kind:
    | 'missing'
    | 'too-large'
    | 'wrong-type'
    | 'not-text'
    | 'malformed'
    | 'contradiction'
    | 'dangling-link';
  /** For people: one sentence without the path. */
  readonly says: string;
}

export interface OsFacts {
  /** As os-release(5) has `ID`: lower case. Null where no file says what this is. */
  readonly id: string | null;
  /** The closest first. */
  readonly idLike: readonly string[];
  readonly versionId: string | null;
  readonly versionCodename: string | null;
  readonly name: string | null;
  readonly prettyName: string | null;
  /** The file that says so. */
  readonly source: BytePath | null;
  /** Codenames of what it was made from, by id, as in `UBUNTU_CODENAME`. */
  readonly codenameOf: ReadonlyMap<string, string>;
  /** The text of `/etc/debian_version`, where there is one. */
  readonly debianVersion: string | null;
}

export interface ArchitectureFacts {
  /** In OCI's words: amd64, arm64, arm, 386, ppc64le, s390x, riscv64. */
  readonly name: string;
  /** The program whose header, or the database that says so. */
  readonly source: BytePath;
}

export interface PackageFacts {
  /** `dpkg-d`: one file a package, as in distroless images. Of `rpm` only the presence is known. */
  readonly database: 'dpkg' | 'dpkg-d' | 'apk' | 'rpm' | null;
  readonly path: BytePath | null;
  /** How many are there. */
  readonly count: number;
  /** A package whose files are there, of the native architecture where there are several. */
  get(name: string): InstalledPackage | null;
}

export interface InstalledPackage {
  readonly name: string;
  readonly version: string;
  /** In the database's words. */
  readonly architecture: string;
  /** dpkg's state: `installed`, `unpacked`, `half-configured`, ...; always `installed` elsewhere. */
  readonly status: string;
}

export interface LibcFacts {
  readonly kind: 'glibc' | 'musl' | 'none';
  /** As its authors count, as in `2.31`. */
  readonly version: string | null;
}

export interface InitFacts {
  readonly kind: 'systemd' | 'upstart' | 'sysvinit' | 'openrc' | 'busybox' | 'other' | 'none';
  /** What the kernel would start, the first of `/sbin/init`, `/etc/init`, `/bin/init`; not `/bin/sh`. */
  readonly path: BytePath | null;
  /** Where that leads. */
  readonly realPath: BytePath | null;
  readonly version: string | null;
}

export interface SudoProgram {
  /** The version as its authors count, as in `1.8.21p2`. */
  readonly engine: FoundSudoEngine;
  readonly path: BytePath;
  readonly realPath: BytePath;
  /** `unowned`: no package has it, and it is not below `/usr/local` either. */
  readonly how: 'package' | 'alternatives' | 'local' | 'unowned';
  /** Owned by root and with the setuid bit. */
  readonly setuid: boolean;
  /** With Debian's revision; null where no package has it. */
  readonly packageVersion: string | null;
}

export interface SudoFacts {
  /** What `sudo` starts, by the path that sudo-less root has in Debian: `/usr/local` first. Null where there is none. */
  readonly program: SudoProgram | null;
  /** Others of the image that have another name or come later in the path, such as `sudo.ws` and `sudo-rs`. */
  readonly others: readonly SudoProgram[];
  /** What `visudo` starts, as its path is written. */
  readonly visudoPath: BytePath | null;
}

export interface SudoersFacts {
  /** What `/etc/sudoers` leads to; null where it leads to nothing. */
  readonly file: ImageFile | null;
  /** As an editor counts: a last line without line end is one too. 0 for what could not be read. */
  readonly lines: number;
  readonly bytes: number;
  readonly endsInNewline: boolean;
  /** Whether any line ends in CR LF. */
  readonly crlf: boolean;
  /** The first line that includes `/etc/sudoers.d`. */
  readonly include: { readonly style: '#' | '@'; readonly line: number } | null;
  /** What `/etc/sudoers.d` leads to, whatever it is. */
  readonly directory: ImageFile | null;
}

export interface PasswdEntry {
  readonly name: BytePath;
  readonly uid: number;
  readonly gid: number;
  readonly home: BytePath;
  readonly shell: BytePath;
}

export interface GroupEntry {
  readonly name: BytePath;
  readonly gid: number;
  readonly members: readonly BytePath[];
}

export interface UserFacts {
  /** In the order of the file; lines that are none are problems. */
  readonly passwd: readonly PasswdEntry[];
  readonly groups: readonly GroupEntry[];
  byUid(uid: number): PasswdEntry | null;
  byName(name: BytePath): PasswdEntry | null;
  groupById(gid: number): GroupEntry | null;
  groupByName(name: BytePath): GroupEntry | null;
}

/** Programs by the path under which they are found; null for those that are missing or lead to no program. */
export interface ToolFacts {
  readonly shell: BytePath | null;
  readonly bash: BytePath | null;
  readonly useradd: BytePath | null;
  readonly adduser: BytePath | null;
  readonly updateCaCertificates: BytePath | null;
  readonly updateCaTrust: BytePath | null;
  readonly apt: BytePath | null;
}

export interface CoreutilsFacts {
  readonly kind: 'gnu' | 'uutils' | 'busybox' | 'toybox' | 'unknown' | 'none';
  readonly version: string | null;
}

export interface CaFacts {
  /** The bundle that programs of this distribution read. */
  readonly bundlePath: BytePath | null;
  /** How many certificates are in it. */
  readonly certificates: number;
  readonly mechanism: 'update-ca-certificates' | 'update-ca-trust' | 'bundle-only' | 'none';
  /** Where the mechanism looks for certificates of one's own; null without a mechanism. */
  readonly localDirectory: BytePath | null;
  /** What is there, or without a mechanism where Debian's would look, to whatever depth: paths of `.crt` files. */
  readonly localCertificates: readonly BytePath[];
}

export interface OpensslFacts {
  /** Of the command; null where it is missing. */
  readonly command: string | null;
  readonly library: string | null;
}

export interface AptSource {
  readonly file: BytePath;
  /** `list`: one line each; `deb822`: stanzas (sources.list(5)). */
  readonly format: 'list' | 'deb822';
  readonly enabled: boolean;
  readonly types: readonly BytePath[];
  readonly uris: readonly BytePath[];
  readonly suites: readonly BytePath[];
  readonly components: readonly BytePath[];
}

export interface AptFacts {
  readonly version: string | null;
  readonly sources: readonly AptSource[];
}

/** What images for containers bring along and a machine of its own does not want. */
export interface DockerFacts {
  /** `denies`: it forbids services to start (exit 101). */
  readonly policyRcD: 'none' | 'denies' | 'other';
  /** Where dpkg moved the real `initctl`; null where it is in its place. */
  readonly initctlDivertedTo: BytePath | null;
  /** Settings of apt and dpkg that are there for containers alone, by path. */
  readonly configuration: readonly BytePath[];
  /** What `/run/systemd/container` says. */
  readonly runSystemdContainer: BytePath | null;
  readonly dockerenv: boolean;
}

export interface ResolvConfFacts {
  readonly type: ImageFile['type'] | 'missing';
  /** As the link has it. */
  readonly target: BytePath | null;
  /** Where the link leads; null where it leads to nothing. */
  readonly realPath: BytePath | null;
  readonly sizeBytes: number;
}

/** machine-id(5): `empty` and `uninitialized` are filled at the first boot. */
export type MachineIdState = 'missing' | 'empty' | 'uninitialized' | 'set' | 'invalid';
