import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = resolve(import.meta.dirname, '../..');

/** Which rooms a room may import, each through its door alone. ARCHITECTURE.md has the same table. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  src: [],
  'src/cli': ['src', 'builder', 'mirror', 'registry-cache', 'base-images', 'matrix-tests', 'vm'],
  builder: ['src'],
  mirror: ['src'],
  'registry-cache': ['src'],
  'base-images': ['src'],
  'matrix-tests': [],
  vm: ['src'],
  bench: ['src'],
};
const rooms = Object.keys(mayImport);
/** The command line is part of the core's folder and may reach into it. */
const doorless: readonly (readonly [string, string])[] = [['src/cli', 'src']];
/** Folders of the core: none imports one that comes after it. */
const layers = ['flow', 'store', 'object-cache', 'upstream', 'pull-through', 'serving'];
/** Floors of rooms: no folder imports one that comes after it, and none what lies beside the room's door. */
const floors: Readonly<Record<string, readonly string[]>> = {
  'base-images': 'text certificates files sudoers releases detect reconstruct setup contract'.split(
    ' ',
  ),
  'matrix-tests': ['row', 'processes', 'trees', 'debian', 'rows', 'report'],
};

describe('rooms', () => {
  const imports = rooms.flatMap((room) => filesOf(room).flatMap((file) => importsOf(file)));

  it('are found, with their imports', () => {
    expect(imports.length).toBeGreaterThan(500);
  });

  it('import only the rooms they may, through the door', () => {
    expect(imports.filter((found) => !isAllowed(found)).map(show)).toEqual([]);
  });

  it('of the core: what fetches, keeps and serves imports downwards alone', () => {
    const layerOf = (file: string): number => layers.indexOf(file.split('/')[1] ?? '');
    const found = imports.filter(({ file }) => roomOf(file) === 'src' && layerOf(file) >= 0);
    expect(found.length).toBeGreaterThan(100);
    const upwards = found.filter(({ file, target }) => layerOf(target) > layerOf(file));
    expect(upwards.map(show)).toEqual([]);
  });

  it.each(Object.entries(floors))('of floors: %s imports downwards alone', (room, folders) => {
    const own = imports.filter((found) => [found.file, found.target].every(isIn(room)));
    expect(own.length).toBeGreaterThan(20);
    const floorOf = (file: string): number => {
      const [, folder = '', ...below] = file.split('/');
      return below.length === 0 ? folders.length : folders.indexOf(folder);
    };
    expect(own.filter(({ file }) => floorOf(file) < 0).map(show)).toEqual([]);
    const upwards = own.filter(({ file, target }) => floorOf(target) > floorOf(file));
    expect(upwards.map(show)).toEqual([]);
  });

  it('that use the command line alone, as matrix-tests does, bring no other code in', () => {
    const files = filesOf('matrix-tests');
    expect(files.length).toBeGreaterThan(20);
    const packages = new Set(files.flatMap((file) => packagesOf(file)));
    expect([...packages].toSorted()).toEqual(['tar-stream', 'zod']);
    // Paths may be put together, too: of code, and of data.
    const named = files.filter((file) =>
      /(?:src|builder|vm|mirror|registry-cache)\/[^'"`]*\.ts|base-images/.test(textOf(file)),
    );
    expect(named).toEqual([]);
  });

  it('have a README', () => {
    for (const room of rooms.filter((name) => name !== 'src/cli')) {
      expect(readFileSync(join(root, room, 'README.md'), 'utf8').length).toBeGreaterThan(50);
    }
  });
});

interface Import {
  readonly file: string;
  readonly target: string;
}

function isAllowed({ file, target }: Import): boolean {
  const from = roomOf(file);
  const to = roomOf(target);
  if (from === to) return true;
  // For the version.
  if (from === 'src/cli' && target === 'package.json') return true;
  if (!(mayImport[from] ?? []).includes(to)) return false;
  if (doorless.some(([one, other]) => one === from && other === to)) return true;
  return doorsOf(to).includes(target);
}

/** The core has a second one, for what takes time to load and only servers need. */
function doorsOf(room: string): readonly string[] {
  return room === 'src' ? ['src/index.ts', 'src/network.ts'] : [`${room}/index.ts`];
}

function show({ file, target }: Import): string {
  return `${file} imports ${target}`;
}

function isIn(room: string): (file: string) => boolean {
  return (file) => file.startsWith(`${room}/`);
}

function roomOf(file: string): string {
  if (file.startsWith('src/cli/')) return 'src/cli';
  return file.split('/')[0] ?? '';
}

function filesOf(room: string): string[] {
  return readdirSync(join(root, room), { recursive: true, encoding: 'utf8' })
    .map((name) => join(room, name))
    .filter(
      (file) => file.endsWith('.ts') && !file.includes('node_modules') && roomOf(file) === room,
    );
}

function textOf(file: string): string {
  return readFileSync(join(root, file), 'utf8');
}

/** Packages that a file imports, without those of Node.js. */
function packagesOf(file: string): string[] {
  const pattern = /(?: from|^import|\bimport\() ?'([^.'\n][^'\n]*)'\)?;$/gm;
  return [...textOf(file).matchAll(pattern)]
    .map((match) => match[1] ?? '')
    .filter((name) => !name.startsWith('node:'));
}

function importsOf(file: string): Import[] {
  const text = textOf(file);
  const pattern = /(?:from|import)\s*\(?\s*'(\.[^']+)'/g;
  return [...text.matchAll(pattern)].map((match) => ({
    file,
    target: relative(root, resolve(root, file, '..', match[1] ?? '')),
  }));
}
