import { type BytePath, nameOf } from '../../../src/index.ts';
import type { InstalledPackage, PackageFacts, SudoFacts, SudoProgram } from '../base-facts.ts';
import { upstreamVersion } from '../debian-version.ts';
import type { FoundProgram, Look } from '../look.ts';
import { findOwner } from './find-owner.ts';

/** Either has at most 2 MiB. */
const maxProgramBytes = 16 * 1024 * 1024;

/** The program's names, and of the packages that have one. */
const programNames: readonly BytePath[] = ['sudo', 'sudo.ws', 'sudo-rs'];
const packageNames: readonly string[] = ['sudo', 'sudo-ldap', 'sudo-rs'];

/** Which sudo the image has. Its version is that of the package: one from source does not say it. */
export async function findSudo(look: Look, packages: PackageFacts): Promise<SudoFacts> {
  const first = await look.program('sudo');
  const found: SudoProgram[] = [];
  const named = await Promise.all(programNames.map((name) => look.programs(name)));
  for (const candidate of named.flat()) {
    const isKnown = found.some(({ realPath }) => realPath === candidate.file.path);
    if (!isKnown) found.push(await describe(look, packages, candidate));
  }
  const program = found.find(({ realPath }) => realPath === first?.file.path) ?? null;
  return {
    program,
    others: found.filter((other) => other !== program),
    visudoPath: (await look.program('visudo'))?.path ?? null,
  };
}

async function describe(
  look: Look,
  packages: PackageFacts,
  { path, file }: FoundProgram,
): Promise<SudoProgram> {
  const owner = await ownerOf(look, packages, file.path);
  const provider = owner === null ? await providerOf(look, file.path) : providerOfPackage(owner);
  return {
    engine: { provider, version: owner === null ? null : upstreamVersion(owner.version) },
    path,
    realPath: file.path,
    how: await howOf(look, path, owner),
    setuid: file.uid === 0 && (file.mode & 0o4000) !== 0,
    packageVersion: owner?.version ?? null,
  };
}

function providerOfPackage({ name }: InstalledPackage): 'sudo' | 'sudo-rs' {
  return name === 'sudo-rs' ? 'sudo-rs' : 'sudo';
}

/** By its name, else by what the program says of itself. */
async function providerOf(look: Look, realPath: BytePath): Promise<'sudo' | 'sudo-rs'> {
  if (nameOf(realPath) === 'sudo-rs') return 'sudo-rs';
  const bytes = await look.bytes(realPath, maxProgramBytes);
  return bytes?.includes('sudo-rs') === true ? 'sudo-rs' : 'sudo';
}

/** By the lists of files of packages; without those by the names that the programs have in packages. */
async function ownerOf(
  look: Look,
  packages: PackageFacts,
  realPath: BytePath,
): Promise<InstalledPackage | null> {
  if (/^(?:usr\/local|opt)\//.test(realPath)) return null;
  const installed = packageNames.flatMap((name) => packages.get(name) ?? []);
  const owner = await findOwner(look, installed, realPath);
  if (owner !== 'no-lists') return owner;
  const isRust = nameOf(realPath) === 'sudo-rs' || realPath.includes('/cargo/');
  return installed.find((one) => (one.name === 'sudo-rs') === isRust) ?? null;
}

async function howOf(
  look: Look,
  path: BytePath,
  owner: InstalledPackage | null,
): Promise<SudoProgram['how']> {
  const target = (await look.files.at(path))?.target ?? '';
  if (/(?:^|\/)etc\/alternatives\//.test(target)) return 'alternatives';
  if (owner !== null) return 'package';
  return path.startsWith('usr/local/') ? 'local' : 'unowned';
}
