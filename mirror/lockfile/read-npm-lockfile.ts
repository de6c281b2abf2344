import type { EntrySource, LockfileEntry } from './lockfile.ts';
import { invalidLockfile, unsupportedLockfile } from './lockfile-errors.ts';
import { isNoTarball } from './no-tarball.ts';
import { readJson } from './read-json.ts';
import type { ReadForm } from './read-lockfile.ts';
import { memberOf, membersOf, type SourceNode, stringOf } from './source-tree.ts';
import { scalarUrl } from './source-url.ts';

/** package-lock.json and npm-shrinkwrap.json of lockfileVersion 1, 2 and 3, and those of npm 2 to 4, which name none. */
export function readNpmLockfile(text: string, name: string): ReadForm {
  const root = readJson(text, name, 'plain');
  const version = memberOf(root, 'lockfileVersion');
  const dependencies = memberOf(root, 'dependencies');
  const packages = memberOf(root, 'packages');
  const isOld = version === undefined && dependencies?.type === 'object' && packages === undefined;
  const number = version?.type === 'scalar' ? version.value : undefined;
  if (!isOld && typeof number !== 'number') {
    const line = version?.line ?? 1;
    throw invalidLockfile({ name, line }, 'no lockfile of npm: it has no lockfileVersion');
  }
  if (!isOld && ![1, 2, 3].includes(Number(number))) {
    throw unsupportedLockfile(name, `lockfileVersion ${number} of npm is not known`);
  }
  const context = { name, pinned: pinnedUrls(packages) };
  const entries = [...readPackages(packages, context), ...readDependencies(dependencies, context)];
  return { version: isOld ? '0' : String(number), entries };
}

interface Context {
  readonly name: string;
  /** What `dependencies` and their like name by URL: see `pin`. */
  readonly pinned: ReadonlySet<string>;
}

const dependencyFields = [
  'dependencies',
  'devDependencies',
  'optionalDependencies',
  'peerDependencies',
];

/** npm refuses a lockfile whose `resolved` differs from the URL that a package.json names. */
function pinnedUrls(packages: SourceNode | undefined): ReadonlySet<string> {
  const pinned = new Set<string>();
  for (const [, entry] of membersOf(packages)) {
    for (const field of dependencyFields) {
      for (const [folder, node] of membersOf(memberOf(entry, field))) {
        const spec = stringOf(node)?.value;
        if (spec !== undefined && /^https?:/i.test(spec)) pinned.add(pin(folder, spec));
      }
    }
  }
  return pinned;
}

const pin = (folder: string, url: string): string => `${folder}\n${url}`;

const folderMark = 'node_modules/';

/** `packages` of versions 2 and 3: by the path of the folder. */
function* readPackages(
  packages: SourceNode | undefined,
  context: Context,
): Iterable<LockfileEntry> {
  for (const [path, entry] of membersOf(packages)) {
    const at = path.lastIndexOf(folderMark);
    // What lies elsewhere is the project itself, a workspace or the target of a link.
    if (at === -1 || isTrue(memberOf(entry, 'link'))) continue;
    const folder = path.slice(at + folderMark.length);
    const version = stringOf(memberOf(entry, 'version'));
    const resolved = stringOf(memberOf(entry, 'resolved'));
    // What is bundled comes with another package's tarball; what was never installed has no version.
    if (resolved === undefined && (isTrue(memberOf(entry, 'inBundle')) || version === undefined)) {
      continue;
    }
    if (resolved !== undefined && isNoTarball(resolved.value)) continue;
    const isPinned = resolved !== undefined && context.pinned.has(pin(folder, resolved.value));
    yield {
      name: stringOf(memberOf(entry, 'name'))?.value ?? folder,
      version: version?.value ?? null,
      integrity: stringOf(memberOf(entry, 'integrity'))?.value ?? null,
      line: (resolved ?? entry).line,
      source: isPinned ? 'url' : 'registry',
      url: resolved === undefined ? null : scalarUrl(resolved),
    };
  }
}

/** `dependencies` of versions 1 and 2: nested, by name. */
function* readDependencies(
  dependencies: SourceNode | undefined,
  context: Context,
): Iterable<LockfileEntry> {
  for (const [folder, entry] of membersOf(dependencies)) {
    // In version 1 this is an object; elsewhere a dependency may be a range.
    if (entry.type !== 'object') continue;
    const found = readDependency(folder, entry, context);
    if (found !== null) yield found;
    yield* readDependencies(memberOf(entry, 'dependencies'), context);
  }
}

function readDependency(
  folder: string,
  entry: SourceNode,
  { name }: Context,
): LockfileEntry | null {
  const version = stringOf(memberOf(entry, 'version'));
  if (version === undefined) {
    throw invalidLockfile({ name, line: entry.line }, `${folder} has no version`);
  }
  const resolved = stringOf(memberOf(entry, 'resolved'));
  const { value } = version;
  const isUrl = /^https?:/i.test(value);
  if (!isUrl && isNoTarball(value)) return null;
  if (resolved === undefined ? isTrue(memberOf(entry, 'bundled')) : isNoTarball(resolved.value)) {
    return null;
  }
  const [, aliased, aliasedVersion] = /^npm:(@?[^@]+)@(.+)$/.exec(value) ?? [];
  const source: EntrySource = isUrl ? 'url' : 'registry';
  const url = isUrl ? version : resolved;
  return {
    name: aliased ?? folder,
    version: isUrl ? null : (aliasedVersion ?? value),
    integrity: stringOf(memberOf(entry, 'integrity'))?.value ?? null,
    line: (url ?? entry).line,
    source,
    url: url === undefined ? null : scalarUrl(url),
  };
}

function isTrue(node: SourceNode | undefined): boolean {
  return node?.type === 'scalar' && node.value === true;
}
