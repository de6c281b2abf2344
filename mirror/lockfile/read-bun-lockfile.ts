import type { LockfileEntry } from './lockfile.ts';
import { invalidLockfile, unsupportedLockfile } from './lockfile-errors.ts';
import { readJson } from './read-json.ts';
import type { ReadForm } from './read-lockfile.ts';
import { memberOf, membersOf, type SourceNode, stringOf } from './source-tree.ts';
import { innerUrl, scalarUrl } from './source-url.ts';

/**
 * bun.lock of lockfileVersion 0 to 2: `"folder": ["name@version", "URL", {...}, "integrity"]`, with an empty URL for the
 * default registry; what comes from elsewhere has no URL of its own in the second place.
 */
export function readBunLockfile(text: string, name: string): ReadForm {
  const root = readJson(text, name, 'commented');
  const version = memberOf(root, 'lockfileVersion');
  const number = version?.type === 'scalar' ? version.value : undefined;
  if (typeof number !== 'number') {
    throw invalidLockfile({ name, line: 1 }, 'no lockfile of bun: it has no lockfileVersion');
  }
  if (![0, 1, 2].includes(number)) {
    throw unsupportedLockfile(name, `lockfileVersion ${number} of bun is not known`);
  }
  const entries: LockfileEntry[] = [];
  for (const [folder, node] of membersOf(memberOf(root, 'packages'))) {
    const entry = readPackage(node);
    if (entry === undefined) {
      throw invalidLockfile({ name, line: node.line }, `${folder} is no package as bun writes it`);
    }
    if (entry !== null) entries.push(entry);
  }
  return { version: String(number), entries };
}

/** Null for what has no tarball, undefined for what is no package. */
function readPackage(node: SourceNode): LockfileEntry | null | undefined {
  if (node.type !== 'array') return undefined;
  const [first, second, third, fourth] = node.items;
  const locator = stringOf(first);
  const [, name, reference] = /^(@?[^@]+)@(.+)$/s.exec(locator?.value ?? '') ?? [];
  if (locator === undefined || name === undefined || reference === undefined) return undefined;
  const { line } = locator;
  const url = stringOf(second);
  if (url !== undefined && third?.type === 'object') {
    const integrity = stringOf(fourth)?.value ?? null;
    const written = url.value === '' ? null : scalarUrl(url);
    return { name, version: reference, integrity, line, source: 'registry', url: written };
  }
  if (!/^https?:/i.test(reference)) return null;
  const offset = locator.value.length - reference.length;
  return {
    name,
    version: null,
    integrity: stringOf(third)?.value ?? null,
    line,
    source: 'url',
    url: innerUrl(locator, { offset, text: reference, encodedTimes: 0 }),
  };
}
