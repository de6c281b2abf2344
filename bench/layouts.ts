import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createTempDir } from '../src/index.ts';
import { alterFiles, growFiles } from './alter-files.ts';
import type { BenchContext, Scale } from './benchmark.ts';
import { run } from './commands.ts';
import { cachedFile, cacheKey, treeArchive, unpackTree } from './make-tree.ts';
import { type OciLayout, openOciLayout, writeOneLayerLayout } from './oci-layout.ts';
import { openBuildah } from './peers/buildah.ts';
import { nodeTree } from './trees.ts';

/** The base as one gzip layer. */
export async function oneLayerLayout(context: BenchContext): Promise<OciLayout> {
  const recipe = nodeTree;
  const path = await cachedFile(context, layoutName('one', recipe), async (path) => {
    const archive = await treeArchive(context, recipe);
    context.say(`# writes ${archive} as an OCI layout with one gzip layer`);
    await writeOneLayerLayout(path, archive, context.signal);
  });
  return openOciLayout(path);
}

/** Much the same files as buildah makes them: a base of its own and a layer for each step. */
export async function manyLayersLayout(context: BenchContext): Promise<OciLayout> {
  const recipe = { ...nodeTree, name: 'layers-base', include: [] };
  const facts = { recipe, steps: steps[context.scale] };
  const path = await cachedFile(context, layoutName('many', facts), async (path) => {
    await using work = await createTempDir(context.workDir, 'layout');
    await using buildah = await openBuildah(context);
    await buildah.importTar(await treeArchive(context, recipe), 'layers-base');
    const lines = steps[context.scale].map((step) => `RUN ${step}\n`);
    await mkdir(work.path, { recursive: true });
    await writeFile(join(work.path, 'Dockerfile'), `FROM localhost/layers-base\n${lines.join('')}`);
    const build = ['bud', '-q', '--layers', '--isolation', 'chroot', '--pull-never'];
    await run(context, { argv: [...buildah.argv, ...build, '-t', 'layers', work.path] });
    const target = `oci:${path}:bench`;
    await run(context, { argv: [...buildah.argv, 'push', '-q', 'localhost/layers', target] });
  });
  return openOciLayout(path);
}

/** Layouts four times as large as the one-layer base, all of different content. */
export const fourfoldForms = ['four times the files', 'as many files, four times as long'] as const;
export type FourfoldForm = (typeof fourfoldForms)[number];

/** One gzip layer: the base and three altered copies of it in directories, or the base with longer files. */
export async function fourfoldLayout(
  context: BenchContext,
  form: FourfoldForm,
): Promise<OciLayout> {
  const recipe = nodeTree;
  const path = await cachedFile(context, layoutName('fourfold', { recipe, form }), async (path) => {
    await using work = await createTempDir(context.workDir, 'layout');
    const archive = await treeArchive(context, recipe);
    const root = join(work.path, 'root');
    await unpackTree(context, archive, root);
    if (form === 'four times the files') {
      for (const copy of [1, 2, 3]) {
        const directory = join(root, `copy-${copy}`);
        await unpackTree(context, archive, directory);
        context.say(`# alters every byte of every file in ${directory}`);
        await alterFiles(directory, copy);
      }
    } else {
      context.say(`# makes every file in ${root} four times as long`);
      await growFiles(root);
    }
    const tar = join(work.path, 'root.tar');
    const options = ['--numeric-owner', '--xattrs', '--xattrs-include=*', '--sort=name'];
    await run(context, { argv: ['tar', '-cf', tar, ...options, '-C', root, '.'] });
    context.say(`# writes ${tar} as an OCI layout with one gzip layer`);
    await writeOneLayerLayout(path, tar, context.signal);
  });
  return openOciLayout(path);
}

const install = (packages: string): string =>
  `apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends ${packages} && rm -rf /var/lib/apt/lists/*`;

const steps: Readonly<Record<Scale, readonly string[]>> = {
  full: [
    install('ca-certificates git'),
    install('nodejs npm'),
    install('curl jq'),
    'rm -rf /usr/share/man && mkdir -p /srv/app && date > /srv/app/made',
  ],
  quick: [install('ca-certificates curl'), 'rm -rf /usr/share/man && mkdir -p /srv/app'],
};

function layoutName(form: string, facts: object): string {
  return `layouts/${form}-${cacheKey({ facts })}`;
}
