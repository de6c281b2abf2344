import { chmod, mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { changeMode, parseModeChange } from '../../../builder/dockerfile/mode-change.ts';
import { runChecked } from '../../../src/process/run-command.ts';

describe('parseModeChange', () => {
  it.each([
    '',
    '8',
    '10000',
    '99',
    'x',
    'u',
    'u+',
    'u+q',
    'u+x,',
    ',u+x',
    'z+x',
    'u+rg',
    '-1',
    '0x1',
  ])('%j is no mode', (text) => {
    const found = parseModeChange(text);
    // Nothing behind an operator is a change of nothing, as for chmod.
    expect(found === undefined || text === 'u+').toBe(true);
  });

  it.each([
    ['755', 0o755],
    ['0644', 0o644],
    ['7777', 0o7777],
    ['0', 0],
  ])('%s is a fixed mode', (text, mode) => {
    const change = parseModeChange(text);
    expect(change && changeMode(change, { mode: 0o600, directory: false })).toBe(mode);
  });
});

it('X looks at the mode before all changes, as Docker has it from setmode(3) and GNU chmod has not', () => {
  const change = parseModeChange('=rw,+X');
  expect(change && changeMode(change, { mode: 0o755, directory: false })).toBe(0o777);
});

describe('changeMode against chmod', () => {
  const changes = [
    'u+x',
    'a+x',
    '+x',
    'go-w',
    'u=rwx,go=rx',
    'a=r',
    'o=',
    'g=u',
    'o=g,u-x',
    'a+X',
    'go+X,u-w',
    'u+s',
    'g+s',
    '+t',
    'a-x+w',
    'u=g-w',
  ];

  it('gives the same modes for files and directories', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'ashlar-chmod-'));
    try {
      const file = join(directory, 'file');
      const inner = join(directory, 'directory');
      await writeFile(file, '');
      await mkdir(inner);
      const mine: string[] = [];
      const theirs: string[] = [];
      for (const text of changes) {
        for (const [target, mode] of [
          [file, 0o640],
          [file, 0o755],
          [inner, 0o750],
        ] as const) {
          await chmod(target, mode);
          await runChecked('sh', ['-c', 'umask 0; exec chmod "$1" "$2"', 'sh', text, target]);
          const found = (await stat(target)).mode & 0o7777;
          const change = parseModeChange(text);
          const label = `${text} on ${mode.toString(8)}: `;
          theirs.push(label + found.toString(8));
          const result = change && changeMode(change, { mode, directory: target === inner });
          mine.push(label + (result ?? Number.NaN).toString(8));
        }
      }
      expect(mine).toEqual(theirs);
    } finally {
      await rm(directory, { recursive: true });
    }
  });
});
