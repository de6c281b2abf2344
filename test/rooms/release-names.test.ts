import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadReleases } from '../../base-images/index.ts';

const root = resolve(import.meta.dirname, '../..');
const rooms = ['base-images', 'builder', 'matrix-tests', 'mirror', 'registry-cache', 'src', 'vm'];

/**
 * Rows of the matrix are data as the files of releases are: which release has the fault, and what is installed of which. Programs of
 * commander are what people read, with examples.
 */
const data = [
  /^matrix-tests\/rows\/awkward\//,
  /^matrix-tests\/debian\/recipes\.ts$/,
  /^src\/cli\/program[\w-]*\.ts$/,
];

const releases = await loadReleases();
/** Families of distributions are told apart by their package databases and by ID_LIKE: those are no releases. */
const families = new Set(releases.flatMap(({ os }) => os.idLike));
const names = new Set(
  releases.flatMap(({ id, os }) => [
    id,
    os.codename,
    ...(families.has(os.id) ? [] : [os.id]),
    ...(os.versionId.includes('.') ? [os.versionId] : []),
  ]),
);

describe('the names of releases', () => {
  it('are in no code: it looks into the image, and what is known of a release is data', () => {
    const files = rooms.flatMap(codeOf);
    expect(files.length).toBeGreaterThan(500);
    const found = files.flatMap((file) =>
      namesIn(readFileSync(join(root, file), 'utf8')).map((line) => `${file}: ${line}`),
    );
    expect(found).toEqual([]);
  });

  it('would be found there, and not in what is said to people', () => {
    for (const line of [
      "if (os.id === 'ubuntu') return null;",
      "const old = release.id === 'ubuntu-18.04';",
      'const old = /^bionic$/.test(os.versionCodename);',
      'const place = `${archive}/dists/trixie`; // moved',
      "const old = version === '18.04';",
    ])
      expect([line, namesIn(line)]).toEqual([line, [line]]);
    for (const line of [
      "why: 'Since 23.04 Ubuntu\\'s images have a user ubuntu with uid 1000.',",
      '/** As in `ubuntu:18.04`. */',
      ' * The link of 14.04.',
      "family === 'debian'",
    ])
      expect([line, namesIn(line)]).toEqual([line, []]);
  });
});

function codeOf(room: string): readonly string[] {
  return readdirSync(join(root, room), { recursive: true, encoding: 'utf8' })
    .map((name) => `${room}/${name}`)
    .filter((file) => file.endsWith('.ts') && !data.some((pattern) => pattern.test(file)));
}

const literals = /'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"|`(?:\\.|[^`\\])*`/g;

/** The lines of code that have a name, without comments and without sentences. */
function namesIn(text: string): readonly string[] {
  const any = [...names].map((name) => name.replaceAll('.', '\\.')).join('|');
  const pattern = new RegExp(`(?<![\\w.])(?:${any})(?![\\w.]*\\w)`, 'i');
  return text.split('\n').filter((line) => {
    if (/^\s*(?:\/\*|\*|\/\/)/.test(line)) return false;
    const plain = line
      .replaceAll(literals, (literal) => (/\s/.test(literal) ? '' : literal))
      .replace(/\s\/\/ .*$/, '');
    return pattern.test(plain);
  });
}
