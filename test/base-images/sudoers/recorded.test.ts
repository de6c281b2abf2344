import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { memoryFiles, type MemoryFile } from '../../../base-images/files/memory-files.ts';
import { judgeSudoers } from '../../../base-images/sudoers/judge-sudoers.ts';

interface RecordedFile {
  readonly path: string;
  readonly content: string;
  readonly mode: string;
  readonly uid: number;
  readonly gid: number;
}

interface RecordedCase {
  readonly name: string;
  readonly files: readonly RecordedFile[];
  readonly append?: string;
  readonly beforeInclude?: string;
  readonly withoutDirectory?: boolean;
  readonly main?: { readonly mode?: string; readonly uid?: number; readonly gid?: number };
  readonly runAs?: string;
  readonly command?: string;
  readonly answers: Readonly<Record<string, RecordedAnswer>>;
}

interface RecordedAnswer {
  readonly sudo: 'allowed' | 'password' | 'no rule' | 'locked out';
  readonly sudoSays: readonly string[];
  readonly visudo?: { readonly exitCode: number; readonly says: readonly string[] };
}

const here = new URL('.', import.meta.url);
const { cases } = JSON.parse(readFileSync(new URL('recorded.json', here), 'utf8')) as {
  cases: RecordedCase[];
};

/** sudo-rs was recorded with the default file of Debian 13, whose include stands on line 54. */
function defaultSudoers(release: string, provider: string): string {
  const name = provider === 'sudo-rs' ? 'debian-13' : release;
  return readFileSync(new URL(`../../../base-images/releases/sudoers/${name}`, here), 'utf8');
}

function filesOf(recorded: RecordedCase, main: string): Record<string, MemoryFile | string> {
  const { append = '', beforeInclude = '' } = recorded;
  const { mode = '0440', ...owner } = recorded.main ?? {};
  const include = /^[#@]includedir.*$/m;
  const content = main.replace(include, (line) => beforeInclude + line) + append;
  const files: Record<string, MemoryFile | string> = {
    'etc/passwd':
      'root:x:0:0::/root:/bin/sh\nwww-data:x:33:33::/:/bin/sh\ndevuser:x:1234:1234::/home/devuser:/bin/sh\n',
    'etc/group': 'root:x:0:\nsudo:x:27:\nwww-data:x:33:\ndevuser:x:1234:\n',
    'usr/bin/id': { mode: 0o755 },
    'usr/bin/env': { mode: 0o755 },
    'etc/sudoers': { content, mode: Number.parseInt(mode, 8), ...owner },
  };
  if (recorded.withoutDirectory !== true)
    files['etc/sudoers.d'] = { type: 'directory', mode: 0o755 };
  for (const { path, content, mode, uid, gid } of recorded.files) {
    files[path] = { content, mode: Number.parseInt(mode, 8), uid, gid };
  }
  return files;
}

/** 1.8.16 printed freed memory in place of the file's name. */
function withoutFreedMemory(line: string): string {
  return line.replace(/parse error in .* near line/, 'parse error in FILE near line');
}

/** Lines as a person sees them: a message may have a line end in it. */
function shown(lines: readonly string[], version: string): string[] {
  const all = lines
    .join('\n')
    .split('\n')
    .filter((line) => line !== '');
  return version === '1.8.16' ? all.map(withoutFreedMemory) : all;
}

describe('the recorded answers of twelve builds', () => {
  for (const recorded of cases) {
    describe(`case: ${recorded.name}`, () => {
      it.each(Object.entries(recorded.answers))('%s', async (build, answer) => {
        const [release = '', provider = '', version = ''] = build.split(' ');
        const engine = { provider: provider === 'sudo' ? 'sudo' : 'sudo-rs', version } as const;
        const files = memoryFiles(filesOf(recorded, defaultSudoers(release, provider)));
        const verdict = await judgeSudoers({ files, engine });
        const { runAs = 'root', command = '/usr/bin/id' } = recorded;
        const allowed = await verdict.allows({ user: 'devuser', runAs, command: [command, '-u'] });
        expect(shown(verdict.saysItself, version)).toEqual(shown(answer.sudoSays, version));
        expect(verdict.lockedOut).toBe(answer.sudo === 'locked out');
        expect(allowed === 'nopasswd').toBe(answer.sudo === 'allowed');
        if (answer.sudo === 'no rule') expect(allowed).toBe('denied');
        if (answer.visudo === undefined) return;
        expect(verdict.visudo.exitCode).toBe(answer.visudo.exitCode);
        expect(shown(verdict.visudo.says, version)).toEqual(shown(answer.visudo.says, version));
      });
    });
  }
});
