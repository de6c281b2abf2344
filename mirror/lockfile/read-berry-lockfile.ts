import type { LockfileEntry } from './lockfile.ts';
import { invalidLockfile } from './lockfile-errors.ts';
import { isNoTarball } from './no-tarball.ts';
import type { ReadForm } from './read-lockfile.ts';
import { readYaml } from './read-yaml.ts';
import { memberOf, membersOf, type SourceNode, stringOf } from './source-tree.ts';
import { innerUrl } from './source-url.ts';

/**
 * yarn.lock of yarn 2 and newer (`__metadata` version 4 to 10). Only packages whose registry serves them at an unusual
 * path have a URL, as `__archiveUrl` of their locator; in patches of such packages it stands encoded twice.
 */
export function readBerryLockfile(text: string, name: string): ReadForm {
  const [root, ...others] = readYaml(text, name);
  const version = stringOf(memberOf(memberOf(root, '__metadata'), 'version'))?.value;
  if (root === undefined || version === undefined || others.length > 0) {
    throw invalidLockfile({ name, line: 1 }, 'no lockfile of yarn: it has no __metadata');
  }
  const entries: LockfileEntry[] = [];
  for (const [key, node] of membersOf(root)) {
    if (key === '__metadata') continue;
    const entry = readEntry(node, { name, line: node.line });
    if (entry !== null) entries.push(entry);
  }
  return { version, entries };
}

type Resolution = NonNullable<ReturnType<typeof stringOf>>;

function readEntry(
  node: SourceNode,
  place: { readonly name: string; readonly line: number },
): LockfileEntry | null {
  const resolution = stringOf(memberOf(node, 'resolution'));
  const [, name, reference] = /^(@?[^@]+)@(.*)$/s.exec(resolution?.value ?? '') ?? [];
  if (resolution === undefined || name === undefined || reference === undefined) {
    throw invalidLockfile(place, 'an entry without a resolution: the file may be cut off');
  }
  const entry = { name, version: null, integrity: null, line: resolution.line };
  if (reference.startsWith('npm:')) {
    const version = reference.slice('npm:'.length).replace(/::.*$/s, '');
    return { ...entry, version, source: 'registry', url: archiveUrl(resolution, 0) };
  }
  if (reference.startsWith('patch:')) {
    const found = [1, 2, 3].map((depth) => archiveUrl(resolution, depth));
    const url = found.find((one) => one !== null) ?? null;
    return url === null ? null : { ...entry, source: 'patch', url };
  }
  const isGit = isNoTarball(reference) || /#(?:.*&)?commit=/.test(reference);
  if (isGit || !/^https?:/i.test(reference)) return null;
  const offset = resolution.value.length - reference.length;
  const text = reference.replace(/::.*$/s, '');
  return { ...entry, source: 'url', url: innerUrl(resolution, { offset, text, encodedTimes: 0 }) };
}

/**
 * The `__archiveUrl` among the parameters of a locator, which stand after `::`; within `depth` patches, each of which
 * encodes `%`, `:` and `#` of the locator that it patches.
 */
function archiveUrl(resolution: Resolution, depth: number): LockfileEntry['url'] {
  const { value } = resolution;
  const colon = encodedColons[depth] ?? '';
  const mark = value.indexOf(`${colon}${colon}`);
  if (mark === -1) return null;
  const start = mark + 2 * colon.length;
  const end = depth === 0 ? -1 : value.indexOf(encodedHashes[depth] ?? '', start);
  let offset = start;
  for (const parameter of value.slice(start, end === -1 ? undefined : end).split('&')) {
    if (parameter.startsWith(parameterName)) {
      const text = parameter.slice(parameterName.length);
      const inner = { offset: offset + parameterName.length, text, encodedTimes: depth + 1 };
      return innerUrl(resolution, inner);
    }
    offset += parameter.length + 1;
  }
  return null;
}

const parameterName = '__archiveUrl=';
/** A colon of a locator, and the hash that ends the locator, by how many patches it stands in. */
const encodedColons = [':', '%3A', '%253A', '%25253A'];
const encodedHashes = ['', '#', '%23', '%2523'];
