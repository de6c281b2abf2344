import type { BytePath } from '../../../src/index.ts';
import type { LibcFacts, PackageFacts } from '../base-facts.ts';
import { upstreamVersion } from '../debian-version.ts';
import type { Look } from '../look.ts';

/** glibc's has 2 MiB. */
const maxLibraryBytes = 16 * 1024 * 1024;
const maxDirectories = 32;

/**
 * The C library: its version by the package, else by the library's own file name (before glibc 2.34) or what it says of
 * itself when it is run. `none` where programs can only be static.
 */
export async function findLibc(look: Look, packages: PackageFacts): Promise<LibcFacts> {
  const glibc = packages.get('libc6') ?? packages.get('glibc');
  if (glibc !== null) return { kind: 'glibc', version: upstreamVersion(glibc.version) };
  const musl = packages.get('musl');
  if (musl !== null) return { kind: 'musl', version: upstreamVersion(musl.version) };
  for (const directory of await libraryDirectories(look)) {
    const path = `${directory}/libc.so.6`;
    const library = await look.files.follow(path);
    if (library?.type === 'file')
      return { kind: 'glibc', version: await versionOfGlibc(look, library.path) };
  }
  const isMusl = (await look.files.names('lib')).some((name) => /^ld-musl-\w+\.so\.1$/.test(name));
  return { kind: isMusl ? 'musl' : 'none', version: null };
}

/** `lib64`, `lib` and the like, and those of an architecture (`lib/x86_64-linux-gnu`). */
async function libraryDirectories(look: Look): Promise<readonly BytePath[]> {
  const found: BytePath[] = [];
  for (const parent of ['usr/lib', 'lib']) {
    for (const name of await look.files.names(parent))
      if (/-linux-gnu\w*$/.test(name)) found.push(`${parent}/${name}`);
  }
  return [...found, 'usr/lib64', 'lib64', 'usr/lib', 'lib'].slice(0, maxDirectories);
}

async function versionOfGlibc(look: Look, path: BytePath): Promise<string | null> {
  const named = /\/libc-(\d+\.\d+)\.so$/.exec(path)?.[1];
  if (named !== undefined) return named;
  const bytes = await look.bytes(path, maxLibraryBytes);
  const says = /GNU C Library[^\n]{0,200}? release version (\d+\.\d+)/;
  return says.exec(bytes?.toString('latin1') ?? '')?.[1] ?? null;
}
