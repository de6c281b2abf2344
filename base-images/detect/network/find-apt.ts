import type { BytePath } from '../../../src/index.ts';
import type { AptFacts, AptSource, PackageFacts } from '../base-facts.ts';
import type { Look } from '../look.ts';
import { parseDeb822Sources, parseSourcesList } from './apt-sources.ts';

const maxFileBytes = 1024 * 1024;
const maxFiles = 256;
const maxSources = 10_000;

const mainFile = 'etc/apt/sources.list';
const directory = 'etc/apt/sources.list.d';

/** Where apt gets packages from, in both of its formats, in the order in which it reads them. */
export async function findApt(look: Look, packages: PackageFacts): Promise<AptFacts> {
  const names = (await look.files.names(directory)).filter((name) => isRead(name));
  if (names.length > maxFiles)
    look.note({ path: directory, kind: 'too-large', says: `has more than ${maxFiles} files` });
  const sources: AptSource[] = [];
  for (const file of [mainFile, ...names.slice(0, maxFiles).map((name) => `${directory}/${name}`)])
    sources.push(...(await sourcesIn(look, file)));
  if (sources.length > maxSources)
    look.note({ path: directory, kind: 'too-large', says: `has more than ${maxSources} sources` });
  return { version: packages.get('apt')?.version ?? null, sources: sources.slice(0, maxSources) };
}

/** apt leaves out other names (sources.list(5), "sources.list.d"). */
function isRead(name: BytePath): boolean {
  return /^[A-Za-z0-9_.-]+\.(?:list|sources)$/.test(name);
}

async function sourcesIn(look: Look, file: BytePath): Promise<readonly AptSource[]> {
  const text = await look.text(file, maxFileBytes);
  if (text === null) return [];
  const format = file.endsWith('.sources') ? 'deb822' : 'list';
  const { sources, bad } = format === 'list' ? parseSourcesList(text) : parseDeb822Sources(text);
  if (bad > 0)
    look.note({ path: file, kind: 'malformed', says: `has ${bad} entries that are no sources` });
  return sources.map((source) => ({ file, format, ...source }));
}
