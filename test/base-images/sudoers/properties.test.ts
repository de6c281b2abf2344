import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { memoryFiles } from '../../../base-images/files/memory-files.ts';
import type { SudoEngine } from '../../../base-images/sudoers/engine.ts';
import { judgeSudoers } from '../../../base-images/sudoers/judge-sudoers.ts';
import { generateSetup } from './generate-setup.ts';
import { judge } from './compare.ts';

const engines: readonly SudoEngine[] = [
  ...['1.8.9p5', '1.8.31', '1.9.3', '1.9.5p2', '1.9.13p3', '1.9.17p2', ''].map(
    (version) => ({ provider: 'sudo', version }) as const,
  ),
  ...['0.2.0', '0.2.5', '0.2.15', 'x'].map(
    (version) => ({ provider: 'sudo-rs', version }) as const,
  ),
];
const sudoersPieces = [
  'dev',
  'ALL',
  '=',
  '(',
  ')',
  ':',
  ',',
  '!',
  '"',
  '\\',
  '\n',
  ' ',
  '\t',
  '#',
  '#include ',
  '@include ',
  '/etc/sudoers',
  '%',
  '+',
  '^',
  '$',
  'Defaults',
  'User_Alias',
  'Cmnd_Alias ',
  'NOPASSWD:',
  'CWD=',
  'TIMEOUT=',
  'sha256:',
  'sudoedit',
  '/usr/bin/id',
  '@includedir ',
  '/etc',
  '\r',
  '\0',
  '\u00e9',
];
const engine = fc.constantFrom(...engines);
const questions = [
  { user: 'dev', command: ['/usr/bin/id'] },
  { user: 'root', runAs: 'dev', runAsGroup: 'dev', command: 'ALL' },
] as const;

async function judgeBytes(main: Buffer, dropIn: Buffer, engine: SudoEngine) {
  const files = memoryFiles({
    'etc/passwd': 'root:x:0:0::/:\ndev:x:1:1::/:\n',
    'etc/group': 'dev:x:1:\n',
    'usr/bin/id': '',
    'etc/sudoers': {
      content: Buffer.concat([main, Buffer.from('\n@includedir /etc/sudoers.d\n')]),
      mode: 0o440,
    },
    'etc/sudoers.d/drop': { content: dropIn, mode: 0o440 },
  });
  const verdict = await judgeSudoers({ files, engine });
  const answers = [];
  for (const question of questions) answers.push(await verdict.allows(question));
  return { verdict, answers };
}

describe('the judge, of any bytes', () => {
  const bytes = fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array));
  const words = fc.constantFrom(...sudoersPieces);
  const soup = fc.array(words, { maxLength: 60 }).map((parts) => Buffer.from(parts.join('')));

  it.each([
    ['bytes', bytes],
    ['pieces of sudoers', soup],
  ] as const)('never throws, and comes to the same verdict again: %s', async (_name, content) => {
    await fc.assert(
      fc.asyncProperty(content, content, engine, async (main, dropIn, engine) => {
        const first = await judgeBytes(main, dropIn, engine);
        const again = await judgeBytes(main, dropIn, engine);
        expect(again.answers).toEqual(first.answers);
        expect(again.verdict.problems).toEqual(first.verdict.problems);
        if (first.verdict.lockedOut) {
          expect(new Set(first.answers)).toEqual(new Set(['denied']));
          expect(first.verdict.lockedOutBy).not.toBeNull();
        }
      }),
      { numRuns: 250 },
    );
  });

  it('names only lines that are there', async () => {
    const system = { passwd: 'root:x:0:0::/:\n', group: '', programs: {} };
    for (let seed = 0; seed < 100; seed += 1) {
      const setup = generateSetup(seed);
      for (const engine of engines.slice(3, 10)) {
        const verdict = await judge(setup, engine, system);
        for (const { path, line } of verdict.problems) {
          const file =
            setup.files[
              Buffer.from(path, 'latin1')
                .toString('utf8')
                .replace(/^\/+etc\/+/, '')
            ];
          if (line === null || typeof file?.content !== 'string') continue;
          expect(line).toBeLessThanOrEqual(file.content.split('\n').length + 1);
        }
      }
    }
  });
});

describe('the judge, of large files', () => {
  const rules = [
    'user ALL=(ALL:ALL) NOPASSWD: /usr/bin/id, /bin/ls /tmp\n',
    'Defaults:user env_keep += "A B C", !insults\n',
    'garbage here\n',
    '# a comment, and nothing else in this line\n',
  ];

  it.each([
    ['sudo', '1.8.31'],
    ['sudo', '1.9.17p2'],
    ['sudo-rs', '0.2.15'],
  ] as const)(
    '%s %s: 100,000 lines in a few seconds of one processor',
    async (provider, version) => {
      const lineOf = (index: number) => rules[index % (index % 100 === 0 ? 4 : 2)];
      const content = Array.from({ length: 100_000 }, (_, index) => lineOf(index)).join('');
      const main = { content, mode: 0o440 };
      const files = memoryFiles({ 'etc/passwd': 'root:x:0:0::/:\n', 'etc/sudoers': main });
      const before = process.cpuUsage();
      const verdict = await judgeSudoers({ files, engine: { provider, version } });
      const { user, system } = process.cpuUsage(before);
      expect(verdict.reads).toHaveLength(1);
      expect((user + system) / 1e6).toBeLessThan(8);
    },
  );

  // Each is looked for in the image.
  it.each(['/bin/x', '/usr/bin/x\\,'])('20,000 commands of names like %s', async (name) => {
    const lineOf = (_: unknown, index: number) => `user ALL=(ALL) NOPASSWD: ${name}${index}\n`;
    const content = Array.from({ length: 20_000 }, lineOf).join('');
    const files = memoryFiles({
      'etc/passwd': 'root:x:0:0::/:\nuser:x:1000:1000::/:\n',
      'etc/sudoers': { content, mode: 0o440 },
      'bin/x7': { content: '', mode: 0o755 },
    });
    for (const [provider, version] of [
      ['sudo', '1.9.17p2'],
      ['sudo-rs', '0.2.15'],
    ] as const) {
      const before = process.cpuUsage();
      const verdict = await judgeSudoers({ files, engine: { provider, version } });
      const { user, system } = process.cpuUsage(before);
      expect(verdict.problems).toEqual([]);
      expect((user + system) / 1e6).toBeLessThan(8);
      if (name === '/bin/x')
        expect(await verdict.allows({ user: 'user', command: ['/bin/x7'] })).toBe('nopasswd');
    }
  });

  it.each([
    [
      'aliases of aliases',
      (index: number) => `User_Alias A${index} = A${index + 1}, A${index + 1}\n`,
    ],
    ['rules of one user each', (index: number) => `U${index} ALL = ALL\n`],
  ])('comes to an end: %s', async (_name, lineOf) => {
    const content = `${Array.from({ length: 20_000 }, (_, index) => lineOf(index)).join('')}A0 ALL = NOPASSWD: ALL\n`;
    for (const engine of [engines[1], engines[5], engines[9]]) {
      if (engine === undefined) continue;
      const { verdict } = await judgeBytes(Buffer.from(content), Buffer.from(''), engine);
      expect(verdict.reads[0]?.how).toBe('main');
    }
  });
});
