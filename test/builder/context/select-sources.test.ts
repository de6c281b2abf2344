import { describe, expect, it } from 'vitest';
import { createIgnoredTree } from '../../../builder/context/ignored-tree.ts';
import { parseIgnoreRules } from '../../../builder/context/ignore-rules.ts';
import {
  type DestinationKind,
  type Selection,
  selectSources,
} from '../../../builder/context/select-sources.ts';
import type { SourceTree } from '../../../builder/context/source-tree.ts';
import { copyStep } from '../dockerfile/build-config.ts';
import { makeContext, type TreeSketch } from './make-tree.ts';

const sketch: TreeSketch = {
  'a.txt': 'a',
  'b.txt': 'b',
  'dir/one': '1',
  'dir/sub/two': '2',
  'dir/link': '->one',
  'dir/dangling': '->nowhere',
  'other/three': '3',
  'to-file': '->a.txt',
  'to-dir': '->dir',
  'to-outside': '->/etc/passwd',
  'to-root': '->/dir/sub',
  up: '->../../../a.txt',
  loop: '->loop2',
  loop2: '->loop',
  '[x].txt': 'x',
  empty: null,
};

interface Options {
  readonly destination?: DestinationKind;
  readonly tree?: SourceTree;
}

function select(tree: SourceTree, text: string, options: Options = {}): Promise<Selection> {
  return selectSources({
    step: copyStep(`FROM scratch\n${text}`),
    tree: options.tree ?? tree,
    destination: options.destination ?? 'missing',
    source: { path: 'Dockerfile', escape: '\\' },
  });
}

/** Source and destination of each entry. */
async function pairs(text: string, options: Options = {}): Promise<string[]> {
  await using context = await makeContext(sketch);
  const { entries } = await select(context.tree, text, options);
  return entries.map((entry) =>
    entry.origin === 'tree'
      ? `${entry.sourcePath} > ${entry.destinationPath}${entry.kind === 'directory' ? '/' : ''}`
      : `<<${JSON.stringify(entry.content)} > ${entry.destinationPath}`,
  );
}

interface Failure {
  readonly code: string;
  readonly message: string;
  readonly hint: string;
  readonly data: object;
}

async function failureOf(text: string, options: Options = {}): Promise<Failure> {
  await using context = await makeContext(sketch);
  return await select(context.tree, text, options).then(
    () => Promise.reject(new Error('it did not fail')),
    (error: unknown) => error as Failure,
  );
}

const contents = (to: string): string[] => [
  `dir > ${to}/`,
  `dir/dangling > ${to}/dangling`,
  `dir/link > ${to}/link`,
  `dir/one > ${to}/one`,
  `dir/sub > ${to}/sub/`,
  `dir/sub/two > ${to}/sub/two`,
];

describe('sources', () => {
  it.each<[string, readonly string[]]>([
    // A file becomes the destination, or goes into it.
    ['COPY a.txt /x', ['a.txt > /x']],
    ['COPY a.txt /x/', ['a.txt > /x/a.txt']],
    ['COPY a.txt /', ['a.txt > /a.txt']],
    ['COPY a.txt b.txt /x/', ['a.txt > /x/a.txt', 'b.txt > /x/b.txt']],
    [
      'COPY /a.txt ./dir/../b.txt //other//three /x/',
      ['a.txt > /x/a.txt', 'b.txt > /x/b.txt', 'other/three > /x/three'],
    ],
    // A directory gives its contents.
    ['COPY dir /x', contents('/x')],
    ['COPY dir/ /x/', contents('/x')],
    ['COPY empty /x', ['empty > /x/']],
    ['COPY dir other /x/', [...contents('/x'), 'other > /x/', 'other/three > /x/three']],
    // Links that are named are followed within the context; links inside stay links.
    ['COPY to-file /x', ['a.txt > /x']],
    ['COPY to-file /x/', ['a.txt > /x/to-file']],
    ['COPY to-dir /x', contents('/x')],
    ['COPY to-dir/one /x', ['dir/one > /x']],
    ['COPY to-root /x', ['dir/sub > /x/', 'dir/sub/two > /x/two']],
    ['COPY up /x', ['a.txt > /x']],
    // Patterns.
    ['COPY *.txt /x/', ['[x].txt > /x/[x].txt', 'a.txt > /x/a.txt', 'b.txt > /x/b.txt']],
    ['COPY [ab].txt /x/', ['a.txt > /x/a.txt', 'b.txt > /x/b.txt']],
    ['COPY [[]x].txt /x', ['[x].txt > /x']],
    ['COPY a.t?t /x', ['a.txt > /x']],
    ['COPY dir/o* /x', ['dir/one > /x']],
    ['COPY to-dir/o* /x', ['dir/one > /x']],
    ['COPY */three /x', ['other/three > /x']],
    ['COPY */*/two /x', ['dir/sub/two > /x']],
    ['COPY d?r /x', contents('/x')],
    ['COPY a.txt nothing* /x/', ['a.txt > /x/a.txt']],
    // Here-documents come last.
    ['COPY <<one a.txt /x/\n1\none', ['a.txt > /x/a.txt', '<<"1\\n" > /x/one']],
    ['COPY <<one /x\n1\none', ['<<"1\\n" > /x']],
    ['COPY <<one <<two /\n1\none\n2\ntwo', ['<<"1\\n" > /one', '<<"2\\n" > /two']],
  ])('%j', async (text, expected) => {
    expect(await pairs(text)).toEqual(expected);
  });

  it('of the whole context are all but its root', async () => {
    const found = await pairs('COPY . /x');
    expect(found[0]).toBe(' > /x/');
    expect(found).toHaveLength(20);
    expect(await pairs('COPY / /x')).toEqual(found);
  });

  it('go into a destination that is a directory already', async () => {
    expect(await pairs('COPY a.txt /x', { destination: 'directory' })).toEqual([
      'a.txt > /x/a.txt',
    ]);
    expect(await pairs('COPY a.txt b.txt /x', { destination: 'directory' })).toHaveLength(2);
    expect(await pairs('COPY dir /x', { destination: 'directory' })).toEqual(contents('/x'));
    expect(await pairs('COPY <<one /x\n1\none', { destination: 'directory' })).toEqual([
      '<<"1\\n" > /x/one',
    ]);
    expect(await pairs('COPY a.txt /x', { destination: 'other' })).toEqual(['a.txt > /x']);
  });

  it('leave the mode of a destination that is there, and replace those inside', async () => {
    await using context = await makeContext(sketch);
    const { entries, directory } = await select(context.tree, 'COPY dir /x/y');
    expect(directory).toBe('/x');
    expect(entries.map((entry) => entry.origin === 'tree' && entry.existing)).toEqual([
      'keep',
      'replace',
      'replace',
      'replace',
      'replace',
      'replace',
    ]);
    expect((await select(context.tree, 'COPY dir /x/y/')).directory).toBe('/x/y');
    expect((await select(context.tree, 'COPY a.txt /x')).directory).toBe('/');
  });

  it('of ADD may be archives', async () => {
    await using context = await makeContext(sketch);
    const unpack = async (text: string): Promise<unknown[]> =>
      (await select(context.tree, text)).entries.map(
        (entry) => entry.origin === 'tree' && entry.unpackInto,
      );
    expect(await unpack('ADD a.txt /x')).toEqual(['/x']);
    expect(await unpack('ADD *.txt /x/')).toEqual(['/x', '/x', '/x']);
    expect(await unpack('ADD other /x')).toEqual([undefined, undefined]);
    expect(await unpack('COPY a.txt /x')).toEqual([undefined]);
  });

  it('may have names of any bytes', async () => {
    await using context = await makeContext({ 'grün/ß': '' });
    const { entries } = await select(context.tree, 'COPY gr?n/* /größe/');
    expect(
      entries.map(({ destinationPath }) => Buffer.from(destinationPath, 'latin1').toString()),
    ).toEqual(['/größe/ß']);
  });
});

describe('sources that cannot be copied', () => {
  it.each<[string, RegExp]>([
    ['COPY nothing /x', /"nothing" is not in the build context/],
    ['COPY a.text /x', /\(Nearest there: a\.txt, b\.txt\.\)/],
    ['COPY dir/sub/twoo /x', /\(Nearest there: dir\/sub\/two\.\)/],
    ['COPY Dir/one /x', /\(Nearest there: dir\.\)/],
    ['COPY other/zzzzzz /x', /\(other has three\.\)/],
    ['COPY empty/x /x', /\(empty is empty\.\)/],
    ['COPY nothing* /x', /"nothing\*" is not in the build context/],
    ['COPY nothing* nowhere? /x/', /none of the patterns of this copy matches/],
    ['COPY [ /x', /"\[" is not in the build context/],
    ['COPY dir/dangling /x', /"dir\/dangling" \(dir\/nowhere\) is not in the build context/],
    ['COPY to-outside /x', /"to-outside" \(etc\/passwd\) is not in the build context/],
    ['COPY loop /x', /loop in the build context leads through over 40 links/],
    ['COPY ../a.txt /x', /"\.\.\/a\.txt" leads out of the build context/],
    ['COPY dir/../../a.txt /x', /leads out of the build context/],
    ['COPY /../a.txt /x', /leads out of the build context/],
    ['COPY .. /x', /leads out/],
    ['COPY ../* /x/', /leads out/],
    ['COPY a.txt/below /x', /is not in the build context/],
  ])('%s', async (text, message) => {
    const error = await failureOf(text);
    expect(error.code).toBe('copy_source_missing');
    expect(error.message).toMatch(/^Dockerfile:2: /);
    expect(`${error.message} (${error.hint})`).toMatch(message);
  });

  it('name the line of the source in a long instruction', async () => {
    expect((await failureOf('COPY a.txt \\\n  b.txt \\\n  ../c /x/')).data).toMatchObject({
      line: 4,
    });
  });

  it('say that .dockerignore left them out', async () => {
    await using context = await makeContext(sketch);
    const rules = parseIgnoreRules(Buffer.from('# c\n*.txt\n'), { path: '.dockerignore' });
    const tree = createIgnoredTree(context.tree, rules);
    await expect(select(tree, 'COPY a.txt /x')).rejects.toThrow(
      '"a.txt" is not in the build context: it is excluded by *.txt in .dockerignore, line 2',
    );
  });

  it.each<[string, DestinationKind, RegExp]>([
    ['COPY a.txt b.txt /x', 'missing', /2 sources and one destination, \/x, that is no directory/],
    ['COPY *.txt /x', 'missing', /3 sources/],
    ['COPY a.txt <<b /x\nb', 'other', /2 sources/],
    ['COPY dir /x', 'other', /needs a directory at \/x/],
    ['COPY a.txt /x/', 'other', /needs a directory at \/x/],
  ])('%j onto what is %s', async (text, destination, message) => {
    const error = await failureOf(text, { destination });
    expect(error.code).toBe('copy_destination_invalid');
    expect(error.message).toMatch(message);
  });
});
