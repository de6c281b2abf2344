import { type BytePath, nameOf } from '../../../src/index.ts';
import type { CoreutilsFacts, OpensslFacts, PackageFacts, ToolFacts } from '../base-facts.ts';
import { upstreamVersion } from '../debian-version.ts';
import type { Look } from '../look.ts';

export async function findTools(look: Look): Promise<ToolFacts> {
  const pathOf = async (name: BytePath): Promise<BytePath | null> =>
    (await look.program(name))?.path ?? null;
  return {
    shell: await shellOf(look),
    bash: await pathOf('bash'),
    useradd: await pathOf('useradd'),
    adduser: await pathOf('adduser'),
    updateCaCertificates: await pathOf('update-ca-certificates'),
    updateCaTrust: await pathOf('update-ca-trust'),
    apt: await pathOf('apt-get'),
  };
}

/** Scripts name it by this path and no other. */
async function shellOf(look: Look): Promise<BytePath | null> {
  const file = await look.files.follow('bin/sh');
  return file?.type === 'file' && (file.mode & 0o111) !== 0 ? 'bin/sh' : null;
}

/** Whose `date`, `ls` and the like these are. */
export async function findCoreutils(look: Look, packages: PackageFacts): Promise<CoreutilsFacts> {
  const program = await look.program('date');
  if (program === null) return { kind: 'none', version: null };
  const versionOf = (...names: readonly string[]): string | null => {
    const found = names.map((name) => packages.get(name)).find((one) => one !== null);
    return found ? upstreamVersion(found.version) : null;
  };
  const { path } = program.file;
  const name = nameOf(path);
  if (name === 'busybox') return { kind: 'busybox', version: versionOf('busybox') };
  if (name === 'toybox') return { kind: 'toybox', version: versionOf('toybox') };
  const isUutils = /\/cargo\/|uutils/.test(path) || packages.get('coreutils-from-uutils') !== null;
  if (isUutils) return { kind: 'uutils', version: versionOf('rust-coreutils', 'uutils-coreutils') };
  const gnu = versionOf('gnu-coreutils', 'coreutils');
  return { kind: gnu === null ? 'unknown' : 'gnu', version: gnu };
}

/** Names of the library's package: the last is Debian 8's and Ubuntu's to 16.04. */
const libraries: readonly string[] = [
  'libssl3t64',
  'libssl3',
  'libssl1.1',
  'libssl1.0.0',
  'libssl1.0.2',
];

export function findOpenssl(packages: PackageFacts): OpensslFacts {
  const versionOf = (name: string): string | null => {
    const found = packages.get(name);
    return found === null ? null : upstreamVersion(found.version);
  };
  return {
    command: versionOf('openssl'),
    library: libraries.map(versionOf).find((version) => version !== null) ?? null,
  };
}

/** See `BaseFacts.usrMerged`. */
export async function findUsrMerged(look: Look): Promise<boolean | null> {
  const bin = await look.files.at('bin');
  if (bin === null) return null;
  if (bin.type !== 'symlink') return false;
  return (await look.files.follow('bin'))?.path === 'usr/bin';
}
