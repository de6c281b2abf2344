import { AshlarError } from '../errors/ashlar-error.ts';
import { digestProblem, isOciDigest, type OciDigest } from './oci-digest.ts';

/** The name of an image in a registry, normalised: two spellings of one image give equal values. */
export interface ImageReference {
  /** `host` or `host:port` in lower case, `docker.io` where none is written. */
  readonly registry: string;
  /** Without the registry; `library/ubuntu` for Docker Hub's `ubuntu`. */
  readonly repository: string;
  /** `latest` where neither tag nor digest is written; null where only a digest is. */
  readonly tag: string | null;
  /** Wins over the tag where both are written. */
  readonly digest: OciDigest | null;
}

const defaultRegistry = 'docker.io';
const maxTextLength = 1024;
const maxNameLength = 255;
const maxTagLength = 128;
const componentPattern = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/;
const tagPattern = /^[A-Za-z0-9_][A-Za-z0-9._-]*$/;
const hostPattern =
  /^(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*|\[[0-9a-f:.]+\])$/;

/**
 * Reads `[host[:port]/]name[:tag][@digest]` as Docker and Podman do: the first part is a host when it has
 * a dot or a colon, is `localhost`, or has an upper-case letter; else the image is on docker.io, and a name
 * of one part there is below `library/`. Grammar and the limit of 255 characters for host and name: OCI
 * distribution-spec 1.1, "Pulling manifests". Throws `reference_invalid`, which says what is wrong at which
 * character (from 1).
 */
export function parseReference(text: string): ImageReference {
  const scan: Scan = { text };
  if (text === '') throw wrong(scan, 0, 'it is empty');
  if (text.length > maxTextLength) throw wrong(scan, maxTextLength, 'it is too long');
  const { name, digest } = splitDigest(scan);
  const { path, tag } = splitTag(scan, name);
  const { registry, repository, start } = splitRegistry(scan, path);
  checkRepository(scan, repository, start);
  const fullRepository =
    registry === defaultRegistry && !repository.includes('/')
      ? `library/${repository}`
      : repository;
  const nameLength = registry.length + 1 + fullRepository.length;
  if (nameLength > maxNameLength) {
    const problem = `host and name have ${nameLength} characters, more than the limit of ${maxNameLength}`;
    throw wrong(scan, start, problem);
  }
  return {
    registry,
    repository: fullRepository,
    tag: tag ?? (digest === null ? 'latest' : null),
    digest,
  };
}

/** The full form; `parseReference` gives the same value back. */
export function formatReference(reference: ImageReference): string {
  return `${reference.registry}/${reference.repository}${suffixOf(reference)}`;
}

/** The short form that people write: `ubuntu:24.04` for `docker.io/library/ubuntu:24.04`. */
export function familiarReference(reference: ImageReference): string {
  const { registry, repository } = reference;
  if (registry !== defaultRegistry) return formatReference(reference);
  const short = repository.replace(/^library\/(?=[^/]+$)/, '');
  // `localhost/x` and `a.b/x` on docker.io would read as a host without the registry before them.
  const first = short.slice(0, Math.max(0, short.indexOf('/')));
  return looksLikeHost(first) ? formatReference(reference) : `${short}${suffixOf(reference)}`;
}

/** True for what may stand behind the colon; the distribution-spec's `<reference>` as a tag. */
export function isTag(text: string): boolean {
  return text.length <= maxTagLength && tagPattern.test(text);
}

interface Scan {
  readonly text: string;
}

function splitDigest(scan: Scan): { name: string; digest: OciDigest | null } {
  const at = scan.text.indexOf('@');
  if (at < 0) return { name: scan.text, digest: null };
  const digest = scan.text.slice(at + 1);
  if (!isOciDigest(digest))
    throw wrong(scan, at + 1, `the digest is wrong: ${digestProblem(digest)}`);
  return { name: scan.text.slice(0, at), digest };
}

function splitTag(scan: Scan, name: string): { path: string; tag: string | null } {
  const colon = name.indexOf(':', name.lastIndexOf('/') + 1);
  if (colon < 0 || name.startsWith('[', name.lastIndexOf('/') + 1))
    return { path: name, tag: null };
  const tag = name.slice(colon + 1);
  if (tag === '') throw wrong(scan, colon + 1, 'the tag is empty');
  if (tag.length > maxTagLength) {
    throw wrong(scan, colon + 1, `the tag has more than ${maxTagLength} characters`);
  }
  const first = tag.search(/[^A-Za-z0-9._-]/);
  if (first >= 0) throw wrong(scan, colon + 1 + first, `a tag cannot have ${quoted(tag[first])}`);
  if (!tagPattern.test(tag))
    throw wrong(scan, colon + 1, `a tag cannot begin with ${quoted(tag[0])}`);
  return { path: name.slice(0, colon), tag };
}

function splitRegistry(
  scan: Scan,
  path: string,
): { registry: string; repository: string; start: number } {
  const slash = path.indexOf('/');
  const first = slash < 0 ? '' : path.slice(0, slash);
  if (!looksLikeHost(first)) return { registry: defaultRegistry, repository: path, start: 0 };
  const registry = first.toLowerCase();
  checkHost(scan, registry);
  return {
    registry: registry === 'index.docker.io' ? defaultRegistry : registry,
    repository: path.slice(slash + 1),
    start: slash + 1,
  };
}

function looksLikeHost(part: string): boolean {
  return /[.:A-Z[]/.test(part) || part === 'localhost';
}

function checkHost(scan: Scan, registry: string): void {
  const portAt = registry.search(/:[0-9]*$/);
  const host = portAt < 0 || registry.endsWith(']') ? registry : registry.slice(0, portAt);
  const port = host === registry ? null : registry.slice(portAt + 1);
  if (!hostPattern.test(host)) throw wrong(scan, 0, `${quoted(host)} is not a host name`);
  if (port === null) return;
  if (!/^[0-9]{1,5}$/.test(port) || Number(port) < 1 || Number(port) > 65_535) {
    throw wrong(scan, portAt + 1, `${quoted(port)} is not a port`);
  }
}

function checkRepository(scan: Scan, repository: string, start: number): void {
  if (repository === '') throw wrong(scan, start, 'the name is empty');
  if (/^[0-9a-f]{64}$/.test(repository)) {
    throw wrong(scan, start, 'a name of 64 hex digits would be taken for an image ID');
  }
  let at = start;
  for (const component of repository.split('/')) {
    if (!componentPattern.test(component)) {
      const { offset, problem } = componentProblem(component);
      throw wrong(scan, at + offset, problem);
    }
    at += component.length + 1;
  }
}

function componentProblem(component: string): { offset: number; problem: string } {
  if (component === '') return { offset: 0, problem: 'a part of the name is empty' };
  const strange = component.search(/[^a-z0-9._-]/);
  if (strange >= 0) {
    const character = component[strange] ?? '';
    const problem = /[A-Z]/.test(character)
      ? `the name must be in lower case, not ${quoted(character)}`
      : `a name cannot have ${quoted(character)}`;
    return { offset: strange, problem };
  }
  if (/^[._-]/.test(component)) {
    return { offset: 0, problem: 'a part of the name begins with a separator' };
  }
  const separators = component.search(/\.[._-]|_[.-]|-+[._]|___|\.$|_$|-$/);
  return { offset: Math.max(0, separators), problem: 'a separator stands where none may' };
}

function suffixOf({ tag, digest }: ImageReference): string {
  return `${tag === null ? '' : `:${tag}`}${digest === null ? '' : `@${digest}`}`;
}

function quoted(text: string | undefined): string {
  return JSON.stringify((text ?? '').slice(0, 80));
}

function wrong(scan: Scan, offset: number, problem: string): AshlarError {
  const shown = JSON.stringify(scan.text.slice(0, 300));
  const position = offset + 1;
  return new AshlarError(
    'reference_invalid',
    `${shown} is not an image reference: ${problem} (at character ${position})`,
    { data: { reference: scan.text.slice(0, 300), position } },
  );
}
