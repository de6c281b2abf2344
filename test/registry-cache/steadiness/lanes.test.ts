import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { startScriptedUpstream } from '../../mirror/support/scripted-upstream.ts';
import { ask } from '../../support/npm-registry/ask.ts';
import { startTestCache } from '../support/test-cache.ts';

/** As many as the cache has connections for the layers of one host. */
const slow = 32;
const mediaType = 'application/vnd.oci.image.manifest.v1+json';
const digestOf = (text: string): string =>
  `sha256:${createHash('sha256').update(text).digest('hex')}`;
const part = { mediaType: 'application/octet-stream', digest: digestOf('{}'), size: 2 };
const manifest = JSON.stringify({ schemaVersion: 2, mediaType, config: part, layers: [] });

it('a manifest does not wait behind layers that come slowly', async () => {
  const begun = Promise.withResolvers<void>();
  let layers = 0;
  await using upstream = await startScriptedUpstream((request, response) => {
    if (request.url?.includes('/blobs/') === true) {
      response.writeHead(200, { 'content-length': 1e6 });
      if (request.method === 'HEAD') return void response.end();
      response.write(Buffer.alloc(10));
      layers += 1;
      if (layers === slow) begun.resolve();
    } else if (request.url?.includes('/manifests/') === true)
      response.writeHead(200, { 'content-type': mediaType }).end(manifest);
    else response.end('{}');
  });
  await using cache = await startTestCache({
    upstreams: [upstream.url],
    core: { timeouts: { bodyIdleMs: 60_000 } },
  });
  const blobs = `${cache.url}/v2/team/app/blobs`;
  const leaving = Array.from({ length: slow }, (_, at) =>
    ask(`${blobs}/${digestOf(`${at}`)}`, { idleMs: 10_000 }),
  );
  await begun.promise;
  const answer = await ask(`${cache.url}/v2/team/app/manifests/latest`, { idleMs: 4_000 });
  expect(answer).toMatchObject({ status: 200, end: 'whole' });
  await cache[Symbol.asyncDispose]();
  await Promise.all(leaving);
});
