import { readHttpUrl } from './http-url.ts';
import type { LockfileEntry } from './lockfile.ts';
import { readLockfile } from './read-lockfile.ts';

/** One tarball that an install with the lockfile needs. */
export interface NeededPackage {
  readonly name: string;
  /** Null where the file does not say. */
  readonly version: string | null;
  /** Where it lies, as written; null where the client asks its own registry for name and version. */
  readonly url: string | null;
  /** Subresource Integrity; null where the file has none (yarn berry has checksums of its own archives). */
  readonly integrity: string | null;
  readonly line: number;
  /** `url`: the project itself names the URL, which may be at no registry. */
  readonly source: 'registry' | 'url';
}

/**
 * Gives what an install needs from registries and by URL, each once, in the order of the file. Git, file, link and
 * workspace entries are left out; so are URLs with credentials or of doubtful spelling, which their packages are listed
 * without. Throws as `readLockfile` does; `name` says which kind the text is and stands in messages.
 */
export function listLockfile(text: string, name: string): NeededPackage[] {
  const needed = new Map<string, NeededPackage>();
  for (const entry of readLockfile(text, name).entries) {
    const { source, version, integrity, line } = entry;
    if (source === 'patch') continue;
    const url = plainUrl(entry);
    if (url === null && version === null) continue;
    const key = [entry.name, version, url, integrity].join('\n');
    if (needed.has(key)) continue;
    needed.set(key, { name: entry.name, version, url, integrity, line, source });
  }
  return [...needed.values()];
}

function plainUrl({ url }: LockfileEntry): string | null {
  return url !== null && readHttpUrl(url.text).type === 'http' ? url.text : null;
}
