import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { scratchDir } from '../../support/scratch.ts';
import { sketchImage } from './support/imported-tree.ts';
import { importSource, layoutOf, startRun } from './support/import-layers.ts';
import { belowFolder, layerCases } from './support/layer-cases.ts';

describe('layers of an image', () => {
  const scratch = scratchDir('layer-semantics');

  it.each(layerCases.map((each, index) => [each.name, each, index] as const))(
    '%s',
    async (_, { layers, tree }, index) => {
      using run = startRun(scratch);
      const records = layers.map((layer) => belowFolder('case', layer));
      const source = await layoutOf(join(scratch, `case-${index}`), records);
      const { digest } = await importSource(run, source);
      const sketches = await sketchImage(run.imageStore, digest);
      const found = [...sketches]
        .filter(([path]) => path.startsWith('case/'))
        .map(([path, sketch]) => [path.slice('case/'.length), sketch.replace(/^= case\//, '= ')]);
      const expected = Object.entries(tree).map(([path, sketch]) => [
        path,
        sketch.replace('ABS', '/case'),
      ]);
      expect(Object.fromEntries(found)).toEqual(Object.fromEntries(expected));
    },
  );
});
