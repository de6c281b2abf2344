import { readdir, rm, truncate, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { AshlarError } from '../../../src/errors/ashlar-error.ts';
import { openObjectStore } from '../../../src/store/open-object-store.ts';
import { hookStore, type StoreHooks } from '../../support/hooked-store.ts';
import { ask } from '../../support/npm-registry/ask.ts';
import { abbreviatedType } from '../../support/npm-registry/packument.ts';
import {
  type RecordedRegistry,
  startRecordedRegistry,
} from '../../support/npm-registry/recorded-registry.ts';
import { scratchDir } from '../../support/scratch.ts';
import { filesBelow } from '../processes/support/age-cache.ts';
import { registryHost, startTestMirror, type TestMirror } from '../support/test-mirror.ts';

const packages = [
  { name: 'small', versions: { '1.0.0': { paddingBytes: 20_000 } } },
  { name: 'large', versions: { '1.0.0': { paddingBytes: 3_000_000 } } },
];
const asks = packages.flatMap(({ name }) => [
  { path: `/${name}`, accept: 'application/json' },
  { path: `/${name}`, accept: abbreviatedType },
  { path: `/${name}/1.0.0`, accept: 'application/json' },
  { path: `/${name}/-/${name}-1.0.0.tgz`, accept: '*/*' },
]);
const scratch = scratchDir('broken-store');
let homes = 0;

interface Ground extends AsyncDisposable {
  readonly registry: RecordedRegistry;
  readonly home: string;
  /** A mirror that knows nothing but what its store gives. */
  begin(hooks?: StoreHooks): Promise<TestMirror>;
  readonly problems: AshlarError[];
}

async function openGround(): Promise<Ground> {
  const registry = await startRecordedRegistry({ packages, publicHost: registryHost });
  homes += 1;
  const home = join(scratch, `${homes}`);
  const problems: AshlarError[] = [];
  return {
    registry,
    home,
    problems,
    async begin(hooks = {}) {
      const url = pathToFileURL(join(home, 'cache')).href;
      const store = await openObjectStore(url, { create: 'if-missing', kind: 'cache' });
      const onProblem = (problem: AshlarError): void => void problems.push(problem);
      const core = { objects: hookStore(store, hooks), onProblem };
      return startTestMirror({ upstreams: [registry.url], home, core });
    },
    [Symbol.asyncDispose]: () => registry[Symbol.asyncDispose](),
  };
}

/** All answers, by what was asked. */
async function answersOf({ url, core }: TestMirror): Promise<readonly string[]> {
  const answers: string[] = [];
  for (const { path, accept } of asks) {
    const { status, end, body } = await ask(url + path, {
      headers: { accept, host: 'mirror.test' },
    });
    answers.push(`${path} ${status} ${end} ${body.toString('base64')}`);
  }
  await core.tarballs.settled();
  return answers;
}

function failing(...calls: readonly string[]): StoreHooks & { isDown: boolean } {
  const hooks = {
    isDown: true,
    before(call: string, key: string): void {
      if (hooks.isDown && calls.includes(call))
        throw new AshlarError('store_unreachable', `the store does not answer (${key})`);
    },
  };
  return hooks;
}

describe('a store that fails', () => {
  it('to be read: upstream is asked, and the operator told once', async () => {
    await using ground = await openGround();
    await using before = await ground.begin();
    const right = await answersOf(before);
    expect(right.filter((answer) => !answer.includes(' 200 whole '))).toEqual([]);
    await using after = await ground.begin(failing('get', 'head', 'openRead', 'getRange'));
    expect(await answersOf(after)).toEqual(right);
    expect(ground.problems.map(({ code }) => code)).toEqual(['store_unreachable']);
  });

  it('to be written: all is served, and what is not kept is told of', async () => {
    await using ground = await openGround();
    const hooks = failing('put', 'putFile', 'replace');
    await using mirror = await ground.begin(hooks);
    const answers = await answersOf(mirror);
    expect(answers.filter((answer) => !answer.includes(' 200 whole '))).toEqual([]);
    expect(mirror.notKept).toHaveLength(2);
    expect(ground.problems.map(({ code }) => code)).toEqual(['store_unreachable']);
    hooks.isDown = false;
    expect(await answersOf(mirror)).toEqual(answers);
    expect(mirror.notKept).toHaveLength(2);
  });

  it('in the middle of a large tarball: the next client has it from upstream, and then it is kept', async () => {
    await using ground = await openGround();
    const hooks = failing('openRead');
    await using mirror = await ground.begin(hooks);
    const url = `${mirror.url}/large/-/large-1.0.0.tgz`;
    const right = await ask(url);
    await mirror.core.tarballs.settled();
    expect((await ask(url)).end).toBe('broken');
    expect((await ask(url)).body.equals(right.body)).toBe(true);
    await mirror.core.tarballs.settled();
    hooks.isDown = false;
    const kept = await ask(url);
    expect(kept.headers['x-ashlar-cache']).toBe('hit');
    expect(kept.body.equals(right.body)).toBe(true);
    const { requests } = await ground.registry.counts();
    expect(requests['GET /large/-/large-1.0.0.tgz']).toBe(2);
  });
});

describe('what a power failure leaves', () => {
  const kinds = ['records', 'bodies', 'indexes', 'variants', 'blobs'];
  const sizes = [
    ['empty', () => 0],
    ['cut', (sizeBytes: number) => sizeBytes >> 1],
  ] as const;
  it.each(kinds.flatMap((kind) => sizes.map(([what, size]) => ({ kind, what, size }))))(
    '$kind that are $what count as not there',
    async ({ kind, size }) => {
      await using ground = await openGround();
      await using before = await ground.begin();
      const right = await answersOf(before);
      const files = await filesBelow(join(ground.home, 'cache', kind));
      expect(files.length).toBeGreaterThan(0);
      for (const file of files) await truncate(file, size((await stat(file)).size));
      await using after = await ground.begin();
      expect(await answersOf(after)).toEqual(right);
      await using last = await ground.begin();
      await ground.registry.outage('refuse');
      expect(await answersOf(last)).toEqual(right);
    },
  );
});

it('claims that cannot be made stop nothing', async () => {
  await using ground = await openGround();
  await using mirror = await ground.begin();
  const claims = join(ground.home, 'claims');
  for (const name of await readdir(claims)) await rm(join(claims, name), { recursive: true });
  const answers = await answersOf(mirror);
  expect(answers.filter((answer) => !answer.includes(' 200 whole '))).toEqual([]);
  expect(ground.problems.map(({ code }) => code)).toEqual(['home_unusable']);
  const { requests } = await ground.registry.counts();
  expect(Object.values(requests).filter((times) => times > 1)).toEqual([]);
});
