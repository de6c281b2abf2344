import type { LockfileEntry } from './lockfile.ts';
import { invalidLockfile, unsupportedLockfile } from './lockfile-errors.ts';
import type { ReadForm } from './read-lockfile.ts';
import { readYaml } from './read-yaml.ts';
import { memberOf, membersOf, type SourceNode, stringOf } from './source-tree.ts';
import { scalarUrl } from './source-url.ts';

/** pnpm-lock.yaml of lockfileVersion 6 and 9; pnpm 11 and newer may write a document of its own tools before it. */
export function readPnpmLockfile(text: string, name: string): ReadForm {
  let version: string | undefined;
  const entries: LockfileEntry[] = [];
  for (const document of readYaml(text, name)) {
    const found = readVersion(document, name);
    version ??= found;
    const major = found.split('.')[0];
    for (const [key, node] of membersOf(memberOf(document, 'packages'))) {
      const entry = readPackage(key, node, major === '6' ? 'path' : 'name');
      if (entry !== null) entries.push(entry);
    }
  }
  if (version === undefined) throw invalidLockfile({ name, line: 1 }, 'the file is empty');
  return { version, entries };
}

function readVersion(document: SourceNode, name: string): string {
  const scalar = stringOf(memberOf(document, 'lockfileVersion'));
  if (scalar === undefined) {
    throw invalidLockfile(
      { name, line: document.line },
      'no lockfile of pnpm: it has no lockfileVersion',
    );
  }
  const { value } = scalar;
  if (/^[69]\.\d+$/.test(value)) return value;
  const major = Number.parseInt(value, 10);
  throw unsupportedLockfile(
    name,
    `lockfileVersion ${value} of pnpm is not supported, but 6 and 9 are`,
    major < 6 ? 'Let pnpm 8 or newer write it anew: `pnpm install --lockfile-only`.' : undefined,
  );
}

/** Keys are `/name@version(peers)` in version 6, `name@version` in version 9. */
function readPackage(key: string, node: SourceNode, keys: 'path' | 'name'): LockfileEntry | null {
  const resolution = memberOf(node, 'resolution');
  const tarball = stringOf(memberOf(resolution, 'tarball'));
  const integrity = stringOf(memberOf(resolution, 'integrity'));
  // Git repositories, folders and runtimes have a type, and no tarball of a registry.
  if (memberOf(resolution, 'type') !== undefined) return null;
  if (tarball === undefined && integrity === undefined) return null;
  if (tarball !== undefined && !/^\s*https?:/i.test(tarball.value)) return null;
  const own = ownNameOf(key.replace(/\(.*$/s, ''), node, keys);
  return {
    ...own,
    integrity: integrity?.value ?? null,
    line: (tarball ?? integrity ?? node).line,
    url: tarball === undefined ? null : scalarUrl(tarball),
  };
}

function ownNameOf(
  key: string,
  node: SourceNode,
  keys: 'path' | 'name',
): Pick<LockfileEntry, 'name' | 'version' | 'source'> {
  const written = stringOf(memberOf(node, 'name'))?.value;
  const version = stringOf(memberOf(node, 'version'))?.value ?? null;
  // Version 6 writes the host of a registry that is not the default one before the name.
  const path = keys === 'path' ? /^(?:[^@/]+)?\/(.*)$/s.exec(key)?.[1] : key;
  const [, name, found] = /^(@?[^@]+)@(.+)$/s.exec(path ?? '') ?? [];
  if (name === undefined || found === undefined || /[:/]/.test(found)) {
    return { name: written ?? name ?? key, version, source: 'url' };
  }
  return { name, version: found, source: 'registry' };
}
