import { readFileSync } from 'node:fs';
import type { MemoryFile } from '../../../base-images/files/memory-files.ts';
import { lineMaker } from './generate-lines.ts';
import { generateTame } from './generate-tame.ts';
import { type Random, seededRandom } from './random.ts';
import type { Probe, Setup } from './setup.ts';

const defaults = ['debian-11', 'debian-12', 'debian-14', 'ubuntu-18.04', 'ubuntu-24.04'].map(
  (name) =>
    readFileSync(new URL(`../../../base-images/releases/sudoers/${name}`, import.meta.url), 'utf8'),
) as [string, ...string[]];

/** The set-up of this number: of even ones who may do what, of odd ones whatever a file can have. */
export function generateSetup(seed: number): Setup {
  const random = seededRandom(seed * 2_654_435_761);
  return seed % 2 === 0 ? generateTame(random) : generateWild(random);
}

function generateWild(random: Random): Setup {
  const maker = lineMaker(random);
  const lines = (least: number, most: number): string =>
    ended(random, random.some(() => maker.line(), least, most).join('\n'));
  const files: Record<string, MemoryFile> = {};
  files['sudoers'] = oddMain(random) ?? {
    content: mainFile(random, lines),
    ...owner(random, 0.04),
    mode: random.chance(0.94) ? 0o440 : oddMode(random),
  };
  if (random.chance(0.006)) delete files['sudoers'];
  addDropIns(random, files, lines);
  for (const [name, content] of Object.entries(others(random, lines)))
    files[`more/${name}`] = content;
  for (const [path, file] of Object.entries(files)) files[path] = withOddBytes(random, file);
  return { files, probes: probesOf(random) };
}

/** Rarely, no regular file lies where the main one should. */
function oddMain(random: Random): MemoryFile | null {
  if (random.chance(0.985)) return null;
  return random.of<MemoryFile>([
    { type: 'directory' },
    { target: 'more/one' },
    { target: '/etc/more/one' },
    { target: 'missing' },
    { target: 'sudoers' },
  ]);
}

function addDropIns(
  random: Random,
  files: Record<string, MemoryFile>,
  lines: (least: number, most: number) => string,
): void {
  if (random.chance(0.05)) return;
  if (random.chance(0.03)) {
    files['sudoers.d'] = random.of<MemoryFile>([
      { content: 'dev ALL = NOPASSWD: ALL\n', mode: 0o440 },
      { target: 'more' },
      { target: 'missing' },
      { target: '/etc/more' },
    ]);
    return;
  }
  const mode = random.chance(0.95) ? 0o755 : random.of([0o777, 0o750, 0o775, 0o700]);
  files['sudoers.d'] = { type: 'directory', ...owner(random, 0.03), mode };
  for (const name of random.some(() => random.of(names), 0, 3)) {
    files[`sudoers.d/${name}`] = dropIn(random, lines);
  }
}

const names = [
  '90-dev',
  '10-first',
  'zz-last',
  'README',
  'a.b',
  'backup~',
  'with space',
  '.hidden',
  'ümlaut',
  '90_x',
  'A',
  '#hash#',
] as [string, ...string[]];

function mainFile(random: Random, lines: (least: number, most: number) => string): string {
  if (random.chance(0.25)) return lines(1, 8);
  const base = random.of(defaults);
  const roll = random.below(4);
  if (roll === 0) return base;
  if (roll === 1) return base + lines(1, 4);
  if (roll === 2) return lines(1, 4) + base;
  const short = '@includedir /etc/sudoers.d\n';
  return random.chance(0.5) ? lines(1, 5) + short : `${short}${lines(1, 5)}`;
}

function dropIn(random: Random, lines: (least: number, most: number) => string): MemoryFile {
  if (random.chance(0.05)) return { type: 'directory', mode: 0o755 };
  if (random.chance(0.06))
    return {
      target: random.of([
        '../more/one',
        '/etc/more/one',
        'nowhere',
        '../../../../etc/more/one',
        '90-dev',
        '.',
      ]),
    };
  return {
    content: lines(0, 4),
    ...owner(random, 0.08),
    mode: random.chance(0.8) ? 0o440 : oddMode(random),
  };
}

function others(
  random: Random,
  lines: (least: number, most: number) => string,
): Record<string, MemoryFile> {
  return {
    one: { content: lines(1, 3), mode: 0o440 },
    'with space': { content: lines(1, 2), mode: 0o440 },
    testhost: { content: lines(1, 2), mode: random.of([0o440, 0o666]) },
    loop: {
      content: `${random.of(['@include loop', '@include /etc/more/loop', '#include loop'])}\ndev ALL = NOPASSWD: ALL\n`,
      mode: 0o440,
    },
    link: { target: 'one' },
    nowhere: { target: 'missing' },
  };
}

/** Now and then a byte that no text has. */
function withOddBytes(random: Random, file: MemoryFile): MemoryFile {
  if (typeof file.content !== 'string' || file.content === '' || random.chance(0.985)) return file;
  const content = Buffer.from(file.content);
  content[random.below(content.length)] = random.of([0x00, 0xff, 0x0b, 0x1b, 0x80, 0x0c]);
  return { ...file, content };
}

function owner(random: Random, odds: number): { uid: number; gid: number } {
  return { uid: random.chance(odds) ? 1234 : 0, gid: random.chance(odds) ? 1234 : 0 };
}

function oddMode(random: Random): number {
  return random.of([0o644, 0o666, 0o464, 0o664, 0o400, 0o600, 0o000, 0o777, 0o4440]);
}

function ended(random: Random, text: string): string {
  if (random.chance(0.06)) return text;
  if (random.chance(0.04)) return `${text.replaceAll('\n', '\r\n')}\r\n`;
  return random.chance(0.02) ? `${text}\\\n` : `${text}\n`;
}

function probesOf(random: Random): Probe[] {
  const first: Probe = { user: 'dev', command: ['/usr/bin/id', '-u'] };
  const rest = random.some<Probe>(
    () => ({
      user: random.of(['dev', 'dev', 'alice']),
      ...random.of([
        {},
        {},
        { runAs: 'www-data' },
        { runAs: 'dev' },
        { runAsGroup: 'ops' },
        { runAs: 'root', runAsGroup: 'dev' },
      ]),
      command: random.of<Probe['command']>([
        ['/usr/bin/id', '-u'],
        ['/usr/bin/id'],
        ['/bin/ls', '/tmp'],
        ['/usr/bin/ls'],
        ['/bin/echo', 'a,b'],
        ['/usr/bin/true'],
      ]),
    }),
    1,
    1,
  );
  return [first, ...rest];
}
