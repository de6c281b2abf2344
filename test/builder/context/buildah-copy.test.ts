import { lstat, readdir, readFile, readlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, posix } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openContextDirectory } from '../../../builder/context/context-directory.ts';
import { createIgnoredTree } from '../../../builder/context/ignored-tree.ts';
import { loadIgnoreRules } from '../../../builder/context/load-ignore-rules.ts';
import { type Selection, selectSources } from '../../../builder/context/select-sources.ts';
import type { SourceTree } from '../../../builder/context/source-tree.ts';
import { createTempDir, type TempDir } from '../../../src/disk/temp-dir.ts';
import { runChecked, runCommand } from '../../../src/process/run-command.ts';
import { copyStep } from '../dockerfile/build-config.ts';
import { type TreeSketch, writeTree } from './make-tree.ts';

const timeoutMs = 60_000;

const sketch: TreeSketch = {
  'a.txt': 'a',
  'b.txt': 'b',
  'README.md': 'r',
  'dir/one': '1',
  'dir/link': '->one',
  'dir/sub/two': '2',
  'dir/sub/three.md': '3',
  'other/four': '4',
  'other/keep.md': 'k',
  'to-file': '->a.txt',
  'to-dir': '->dir',
  'node_modules/x/index.js': 'x',
  'node_modules/x/x.md': 'x',
  'src/main.go': 'm',
  'src/main_test.go': 't',
  'src/v/main_test.go': 't',
  'grün/ß': 'u',
};

const copies = [
  'COPY a.txt /x',
  'COPY a.txt /x/',
  'COPY a.txt /deep/er/x',
  'COPY a.txt b.txt /x/',
  'COPY dir /x',
  'COPY dir /x/',
  'COPY dir other /x/',
  'COPY . /x',
  'COPY *.txt /x/',
  'COPY [ab].t?t /x/',
  'COPY */*/two /x/',
  'COPY d*/o* /x/',
  'COPY to-file /x/',
  'COPY dir/link /x/',
  'COPY /src/main.go /x/',
  'COPY ["grün/ß", "/x/y"]',
  'COPY gr?n /x/',
];

const ignores = [
  'node_modules\n*.txt\n',
  '*\n!src\n',
  '*\n!src/main.go\n!dir/sub\n',
  '**/*.md\n!README.md\n',
  '**/*_test.go\ndir/*\n!dir/sub\n',
  '# comment\n  a.txt  \n/b.txt\ndir/\n./other/../src\n',
  '**/sub\n**/x/**\n',
  '[ab].txt\n?ther\n*.[a-m]d\n',
  '*/*\n!*/*.go\n',
  '**\n!**/*.go\n',
  'dir\n!dir/sub\ndir/sub/two\n',
  'gr*\n',
];

/** Patterns of which buildah 1.28 makes something else than Docker. */
const knownDifferences: Readonly<Record<string, string>> = {
  '**\n!**/*.go\n': 'does not look for exceptions below directories that ** leaves out',
};

const reason = await whyNot();
let work: TempDir;

describe.skipIf(reason !== undefined)(`files against buildah ${reason ?? ''}`, () => {
  beforeAll(async () => {
    work = await createTempDir(tmpdir(), 'ashlar-copy');
    await writeTree(join(work.path, 'context'), sketch);
  });
  afterAll(async () => {
    await work[Symbol.asyncDispose]();
  });

  it.each(copies)('%s', async (text) => {
    await ignore('');
    expect(await ours(text)).toEqual(await theirs(text));
  });

  it.each(ignores.filter((patterns) => !(patterns in knownDifferences)))(
    '.dockerignore %j',
    async (patterns) => {
      await ignore(patterns);
      expect(await ours('COPY . /x/')).toEqual(await theirs('COPY . /x/'));
    },
  );

  it.each(Object.entries(knownDifferences))('.dockerignore %j: buildah %s', async (patterns) => {
    await ignore(patterns);
    expect(await ours('COPY . /x/')).not.toEqual(await theirs('COPY . /x/'));
  });
});

function ignore(patterns: string): Promise<void> {
  return writeFile(join(work.path, 'context', '.dockerignore'), `${patterns}\n.dockerignore\n`);
}

/** What an image of one COPY holds: contents of files, targets of links, by path. */
async function ours(text: string): Promise<Record<string, string>> {
  const context = join(work.path, 'context');
  const rules = await loadIgnoreRules({ context, dockerfile: join(work.path, 'Dockerfile') });
  const tree = createIgnoredTree(await openContextDirectory(context), rules);
  const step = copyStep(`FROM scratch\n${text}`);
  const source = { path: 'Dockerfile', escape: '\\' } as const;
  return apply(tree, await selectSources({ step, tree, destination: 'missing', source }));
}

async function apply(tree: SourceTree, selection: Selection): Promise<Record<string, string>> {
  const image = new Map<string, string>();
  const addDirectory = (path: string): void => {
    for (let at = path; at !== '/' && at !== ''; at = posix.dirname(at)) image.set(at, 'directory');
  };
  addDirectory(selection.directory);
  for (const entry of selection.entries) {
    if (entry.origin === 'inline') image.set(entry.destinationPath, entry.content);
    else if (entry.kind === 'directory') addDirectory(entry.destinationPath);
    else if (entry.kind === 'symlink') image.set(entry.destinationPath, `-> ${entry.entry.target}`);
    else {
      const chunks: Uint8Array[] = [];
      for await (const chunk of tree.readFile(entry.sourcePath)) chunks.push(chunk);
      image.set(entry.destinationPath, Buffer.concat(chunks).toString());
    }
  }
  const named = [...image].map(([path, value]) => [Buffer.from(path, 'latin1').toString(), value]);
  return Object.fromEntries(named) as Record<string, string>;
}

async function theirs(text: string): Promise<Record<string, string>> {
  const storage = [
    '--storage-driver=vfs',
    `--root=${join(work.path, 'root')}`,
    `--runroot=${join(work.path, 'run')}`,
  ];
  const buildah = async (...args: string[]): Promise<string> =>
    (await runChecked('buildah', [...storage, ...args], { timeoutMs })).stdout.toString().trim();
  const file = join(work.path, 'Dockerfile');
  await writeFile(file, `FROM scratch\n${text}\n`);
  await buildah(
    'bud',
    '--quiet',
    '--isolation=chroot',
    '-t',
    'copied',
    '-f',
    file,
    join(work.path, 'context'),
  );
  const container = await buildah('from', 'copied');
  try {
    const found: Record<string, string> = {};
    await collect(await buildah('mount', container), '', found);
    return found;
  } finally {
    await buildah('rm', container);
  }
}

async function collect(root: string, path: string, found: Record<string, string>): Promise<void> {
  for (const name of await readdir(root + path)) {
    const child = `${path}/${name}`;
    const stats = await lstat(root + child);
    if (stats.isDirectory()) {
      found[child] = 'directory';
      await collect(root, child, found);
    } else if (stats.isSymbolicLink()) found[child] = `-> ${await readlink(root + child)}`;
    else found[child] = await readFile(root + child, 'utf8');
  }
}

async function whyNot(): Promise<string | undefined> {
  if (process.getuid?.() !== 0) return '(skipped: not root)';
  try {
    const { exitCode } = await runCommand('buildah', ['--version']);
    return exitCode === 0 ? undefined : '(skipped: buildah does not start)';
  } catch {
    return '(skipped: buildah is not installed)';
  }
}
