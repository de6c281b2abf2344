import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DockerRegistry, startDockerRegistry } from '../../oci/support/docker-registry.ts';
import { hasProgram } from '../../oci/support/programs.ts';
import { ask, type WireAnswer } from '../../support/npm-registry/ask.ts';
import {
  type DataSetName,
  dataSetNames,
  makeDataSet,
} from '../../support/oci-registry/data-sets.ts';
import { fallbackTag } from '../../support/oci-registry/list-answers.ts';
import { manifestOf, type MadeContent } from '../../support/oci-registry/made-content.ts';
import { allManifestTypes, ociIndex } from '../../support/oci-registry/media-types.ts';
import { startTestCache, type TestCache } from '../support/test-cache.ts';
import { cacheAddress, ways } from './support/cache-address.ts';
import { pushContent } from './support/push-content.ts';

/** It takes no manifest whose parts it does not have. */
const refused: readonly DataSetName[] = ['non-distributable-layers', 'sparse-index'];
const names = dataSetNames.filter((name) => !refused.includes(name));
const isThere = hasProgram('docker-registry');
const reason = isThere ? '' : ' (skipped: no docker-registry)';
const repository = 'data/sets';

describe.skipIf(!isThere)(`Debian's docker-registry as upstream${reason}`, () => {
  const opened = new AsyncDisposableStack();
  const contents = new Map<string, MadeContent>();
  let upstream: DockerRegistry;
  let cache: TestCache;
  beforeAll(async () => {
    upstream = opened.use(await startDockerRegistry());
    for (const name of names) {
      const content = await makeDataSet(name);
      contents.set(name, content);
      await pushContent(`http://${upstream.host}`, { repository, tag: name, content });
    }
    cache = opened.use(await startTestCache({ upstreams: [`http://${upstream.host}`] }));
  });
  afterAll(() => opened.disposeAsync());
  const direct = (path: string, method = 'GET'): Promise<WireAnswer> =>
    ask(`http://${upstream.host}/v2/${path}`, { method, headers: { accept: allManifestTypes } });

  describe.each(ways)('the registry named by %s', (way) => {
    it.each(names)('%s is the same through the cache, cold and warm', async (name) => {
      const { manifests = [], blobs = [] } = contents.get(name) ?? {};
      expect(manifests.length).toBeGreaterThan(0);
      const paths = [
        `manifests/${name}`,
        ...manifests.map(({ digest }) => `manifests/${digest}`),
        ...blobs.map(({ digest }) => `blobs/${digest}`),
      ];
      for (const path of paths) {
        const address = cacheAddress(cache, `${repository}/${path}`, way);
        const right = await direct(`${repository}/${path}`);
        for (const method of ['HEAD', 'GET', 'HEAD', 'GET']) {
          const answer = await ask(address, { method });
          expect([path, answer.status]).toEqual([path, right.status]);
          if (right.status !== 200) continue;
          for (const header of ['content-type', 'content-length'])
            expect([path, answer.headers[header]]).toEqual([path, right.headers[header]]);
          // This registry names everything by sha256, whatever it was asked by.
          const asked = path.split('/')[1] ?? '';
          const digest = asked === name ? right.headers['docker-content-digest'] : asked;
          expect(answer.headers['docker-content-digest']).toBe(digest);
          expect(answer.body.equals(method === 'GET' ? right.body : Buffer.alloc(0))).toBe(true);
        }
      }
    });
  });

  it('has the same tags, all of them and in pages', async () => {
    const answer = await ask(cacheAddress(cache, `${repository}/tags/list?n=3&last=index`, 'root'));
    const { tags } = JSON.parse(answer.body.toString()) as { tags: string[] };
    const sorted = names.toSorted();
    expect(tags).toEqual(sorted.slice(sorted.indexOf('index') + 1).slice(0, 3));
  });

  it('has lists of referrers, although this registry knows only fallback tags', async () => {
    const [image] = contents.get('image')?.manifests ?? [];
    const subject = image?.digest ?? '';
    const listed = { mediaType: 'application/vnd.x', digest: `sha256:${'3'.repeat(64)}`, size: 3 };
    const index = { schemaVersion: 2, mediaType: ociIndex, manifests: [] as (typeof listed)[] };
    const referrers = await ask(cacheAddress(cache, `${repository}/referrers/${subject}`, 'ns'));
    expect([referrers.status, JSON.parse(referrers.body.toString())]).toEqual([200, index]);
    const [, speaker] = contents.get('artifacts-with-subject')?.manifests ?? [];
    const artifact = { ...listed, digest: speaker?.digest ?? '', size: speaker?.bytes.length ?? 0 };
    const manifest = manifestOf({ ...index, manifests: [artifact] });
    const content = { manifests: [manifest], blobs: [] };
    await pushContent(`http://${upstream.host}`, {
      repository,
      tag: fallbackTag(subject),
      content,
    });
    await using other = await startTestCache({ upstreams: [`http://${upstream.host}`] });
    const found = await ask(cacheAddress(other, `${repository}/referrers/${subject}`, 'ns'));
    expect([found.status, found.headers['content-type']]).toEqual([200, ociIndex]);
    expect(found.body.equals(manifest.bytes)).toBe(true);
  });

  it.each([
    [`${repository}/manifests/sha256:${'0'.repeat(64)}`, 404],
    [`${repository}/manifests/nothing`, 404],
    [`${repository}/blobs/sha256:${'0'.repeat(64)}`, 404],
    ['not/there/manifests/latest', 404],
    ['not/there/tags/list', 404],
  ])('what it does not have is not there: %s', async (path, status) => {
    expect((await ask(cacheAddress(cache, path, 'root'))).status).toBe(status);
  });
});
