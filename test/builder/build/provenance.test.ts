import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { digestOf } from '../../../src/index.ts';
import { imageKey } from '../../../src/store/store-paths.ts';
import { isRoot } from '../../support/scratch.ts';
import { type BuildBench, type Built, createBuildBench } from './fixture.ts';

const why = isRoot ? '' : 'needs root';
let bench: BuildBench;

beforeAll(async () => {
  if (why === '') bench = await createBuildBench();
});
afterAll(async () => {
  await bench?.[Symbol.asyncDispose]();
});

async function provenanceOf({ digest }: Pick<Built, 'digest'>): Promise<Record<string, unknown>> {
  const bytes = await bench.store.objects.get(imageKey(digest, 'provenance'));
  return JSON.parse(bytes.toString('utf8')) as Record<string, unknown>;
}

const epoch = { SOURCE_DATE_EPOCH: '1700000000' };

describe.skipIf(why !== '')(`the provenance of an image ${why}`, () => {
  it('tells the Dockerfile, the bases by digest, and the arguments of its build', async () => {
    const text =
      'FROM base:test AS one\nCOPY a /\nFROM base:test\nARG V\nCOPY --from=one /a /b$V\n';
    const built = await bench.build(text, {
      context: { a: 'told' },
      buildArgs: { ...epoch, V: '7', http_proxy: 'http://user:secret@proxy' },
    });
    expect(await provenanceOf(built)).toEqual({
      kind: 'build',
      dockerfile: expect.stringMatching(/Dockerfile$/) as string,
      dockerfileDigest: digestOf(Buffer.from(text)),
      target: null,
      stages: ['one', '1'],
      bases: [{ reference: 'base:test', digest: bench.base }],
      args: { ...epoch, V: '7' },
      built: '2023-11-14T22:13:20.000Z',
    });
  });

  it('is that of the build though the image was a step before, and stays it when it is one again', async () => {
    const context = await bench.context({ a: 'first', b: 'second' });
    const whole = 'FROM base:test\nCOPY a /\nCOPY b /\n';
    const part = 'FROM base:test\nCOPY a /\n';
    const options = { context, buildArgs: epoch };
    await bench.build(whole, options);
    const app = await bench.build(part, options);
    expect(app.outcomes).toEqual(['cached']);
    const ofPart = { kind: 'build', dockerfileDigest: digestOf(Buffer.from(part)) };
    expect(await provenanceOf(app)).toMatchObject(ofPart);
    // As a step that is known, as one that is taken anew, and as a stage that another begins with.
    await bench.build(whole, options);
    await bench.build(whole, { ...options, cache: 'ignore' });
    await bench.build(`${part.replace('\n', ' AS one\n')}FROM one\nCOPY b /\n`, options);
    expect(await provenanceOf(app)).toMatchObject(ofPart);
    const other = await bench.build(`# another\n${part}`, options);
    expect(other.digest).toBe(app.digest);
    expect(await provenanceOf(app)).toMatchObject({
      dockerfileDigest: digestOf(Buffer.from(`# another\n${part}`)),
    });
  });
});
