import { describe, expect, it } from 'vitest';
import { createIgnoredTree } from '../../../builder/context/ignored-tree.ts';
import { parseIgnoreRules } from '../../../builder/context/ignore-rules.ts';
import type { SourceTree } from '../../../builder/context/source-tree.ts';
import { listTree, makeContext, type TreeSketch } from './make-tree.ts';

const sketch: TreeSketch = {
  '.dockerignore': '',
  Dockerfile: '',
  'README.md': '',
  'src/main.go': '',
  'src/main_test.go': '',
  'src/deep/er/notes.md': '',
  'node_modules/a/index.js': '',
  'node_modules/a/keep.md': '',
  empty: null,
};

async function shown(patterns: string): Promise<string[]> {
  await using context = await makeContext(sketch);
  return await listTree(ignoring(context.tree, patterns));
}

function ignoring(tree: SourceTree, patterns: string): SourceTree {
  return createIgnoredTree(
    tree,
    parseIgnoreRules(Buffer.from(patterns), { path: '.dockerignore' }),
  );
}

describe('a tree with rules', () => {
  it('lacks what they leave out', async () => {
    expect(await shown('node_modules\n**/*_test.go\n*.md')).toEqual([
      '.dockerignore',
      'Dockerfile',
      'empty/',
      'src/',
      'src/deep/',
      'src/deep/er/',
      'src/deep/er/notes.md',
      'src/main.go',
    ]);
  });

  it('has the directories on the way to what an exception brings back, and no others', async () => {
    expect(await shown('*\n!src/deep/er/notes.md')).toEqual([
      'src/',
      'src/deep/',
      'src/deep/er/',
      'src/deep/er/notes.md',
    ]);
    expect(await shown('**\n!**/*.md')).toEqual([
      'README.md',
      'node_modules/',
      'node_modules/a/',
      'node_modules/a/keep.md',
      'src/',
      'src/deep/',
      'src/deep/er/',
      'src/deep/er/notes.md',
    ]);
    expect(await shown('*\n!src\nsrc/deep')).toEqual(['src/', 'src/main.go', 'src/main_test.go']);
  });

  it('can be without its Dockerfile and .dockerignore', async () => {
    expect(await shown('*\n!empty')).toEqual(['empty/']);
  });

  it('is the tree itself without rules', async () => {
    await using context = await makeContext(sketch);
    expect(ignoring(context.tree, '# nothing\n')).toBe(context.tree);
  });

  it('does not walk through what is ignored when no exception can be below', async () => {
    await using context = await makeContext(sketch);
    const read: string[] = [];
    const watched: SourceTree = {
      ...context.tree,
      readdir: (path) => {
        read.push(path);
        return context.tree.readdir(path);
      },
    };
    await listTree(ignoring(watched, 'node_modules\n*.md\n!src/x'));
    expect(read).not.toContain('node_modules');
  });

  it('says which rule left a path out', async () => {
    await using context = await makeContext(sketch);
    const tree = ignoring(context.tree, '# c\nnode_modules\n!node_modules/a/keep.md\n');
    expect(await tree.lstat('node_modules/a/index.js')).toBeNull();
    expect(await tree.explainMissing?.('node_modules/a/index.js')).toBe(
      'it is excluded by node_modules in .dockerignore, line 2',
    );
    expect(await tree.explainMissing?.('nowhere')).toBeUndefined();
    expect((await tree.lstat('node_modules/a/keep.md'))?.kind).toBe('file');
  });
});
