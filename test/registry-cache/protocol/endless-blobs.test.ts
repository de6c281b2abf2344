import type { ServerResponse } from 'node:http';
import { expect, it } from 'vitest';
import { startScriptedUpstream } from '../../mirror/support/scripted-upstream.ts';
import { ask } from '../../support/npm-registry/ask.ts';
import { digestOf } from '../../support/oci-registry/digest.ts';
import { startTestCache } from '../support/test-cache.ts';

const blob = Buffer.alloc(3_000_000, 'as it should be');
const digest = digestOf(blob);
const wrong = Buffer.alloc(blob.length, 'other bytes');
const limits = { wholeBytes: 100_000, holdBackBytes: 100_000, heldMs: 0 };

/** Without an announced length, so that nobody knows where the end should be. */
const bodies: readonly (readonly [string, (response: ServerResponse) => void])[] = [
  ['never ends', (response) => writeForEver(response)],
  ['goes on for a while', (response) => unannounced(response, Buffer.concat([wrong, wrong]))],
];

it.each(bodies)(
  'a wrong body that %s is not given out as far as the blob should reach',
  async (_how, answer) => {
    let gets = 0;
    await using upstream = await startScriptedUpstream((request, response) => {
      if (request.url?.includes('/blobs/') !== true) return void response.end('{}');
      if (request.method === 'HEAD')
        return void response.setHeader('content-length', blob.length).end();
      gets += 1;
      if (gets > 1) response.end(blob);
      else answer(response);
    });
    await using cache = await startTestCache({ upstreams: [upstream.url], core: { limits } });
    const url = `${cache.url}/v2/team/app/blobs/${digest}`;
    const first = await ask(url);
    // What went out before it showed to be wrong cannot be called back, but its end never comes.
    expect([first.status, first.end]).not.toEqual([200, 'whole']);
    expect(first.body.length).toBeLessThan(blob.length);
    const second = await ask(url);
    expect([second.status, second.end, digestOf(second.body)]).toEqual([200, 'whole', digest]);
    expect(gets).toBe(2);
  },
);

it('a right one without a length that breaks off is gone on with where it is', async () => {
  const asked: (string | undefined)[] = [];
  await using upstream = await startScriptedUpstream((request, response) => {
    if (request.url?.includes('/blobs/') !== true) return void response.end('{}');
    if (request.method === 'HEAD')
      return void response.setHeader('content-length', blob.length).end();
    const { range } = request.headers;
    asked.push(range);
    if (range === undefined) return unannounced(response, blob.subarray(0, 1_000_000));
    const rest = `bytes 1000000-${blob.length - 1}/*`;
    unannounced(response.writeHead(206, { 'content-range': rest }), blob.subarray(1_000_000));
  });
  await using cache = await startTestCache({ upstreams: [upstream.url], core: { limits } });
  const { status, end, body } = await ask(`${cache.url}/v2/team/app/blobs/${digest}`);
  expect([status, end, digestOf(body)]).toEqual([200, 'whole', digest]);
  expect(asked).toEqual([undefined, 'bytes=1000000-']);
});

/** What is written before the end is sent without a length. */
function unannounced(response: ServerResponse, body: Buffer): void {
  response.write(body);
  response.end();
}

function writeForEver(response: ServerResponse): void {
  while (!response.destroyed && response.write(wrong));
  response.once('drain', () => writeForEver(response));
}
