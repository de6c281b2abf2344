import { expect, it } from 'vitest';
import { ask } from '../../support/npm-registry/ask.ts';
import { startScriptedUpstream } from '../support/scripted-upstream.ts';
import { startTestMirror } from '../support/test-mirror.ts';

const path = '/-/npm/v1/keys';
const once = { attempts: 1 };

it.each([
  [
    'the largest that is taken is found again after a restart, all of it escaped',
    4 * 1024 ** 2 - 64 * 1024,
    200,
  ],
  ['a larger one is not taken', 4 * 1024 ** 2 - 64 * 1024 + 1, 502],
])('%s', async (_what, sizeBytes, status) => {
  const text = `[${'""\n,'.repeat((sizeBytes - 4) / 4)}""]`.padEnd(sizeBytes, '\n');
  let isUp = true;
  await using upstream = await startScriptedUpstream((_request, response) => {
    if (isUp) response.end(text);
    else response.writeHead(503).end();
  });
  const options = { upstreams: [upstream.url], core: { retry: once } };
  await using first = await startTestMirror(options);
  expect((await ask(first.url + path)).status).toBe(status);
  isUp = false;
  await using second = await startTestMirror({ ...options, home: first.home });
  const again = await ask(second.url + path);
  expect(again.status).toBe(status);
  if (status === 200) expect(again.body.toString()).toBe(text);
});

it('what is no UTF-8 is no document', async () => {
  await using upstream = await startScriptedUpstream((_request, response) => {
    response.end(Buffer.from([0x22, 0xff, 0x22]));
  });
  await using mirror = await startTestMirror({ upstreams: [upstream.url] });
  expect((await ask(mirror.url + path)).status).toBe(502);
});

it('what is nested without end is no document, and costs no more than another', async () => {
  const depth = 1_500_000;
  const nested = `${'['.repeat(depth)}${']'.repeat(depth)}`;
  await using upstream = await startScriptedUpstream((_request, response) => {
    response.end(`{"dist":{"tarball":"https://registry.npm.test/x/-/x-1.0.0.tgz"},"a":${nested}}`);
  });
  await using mirror = await startTestMirror({ upstreams: [upstream.url], core: { retry: once } });
  const answer = await ask(`${mirror.url}/x/1.0.0`);
  expect(answer.status).toBe(502);
  expect(answer.body.toString()).toContain('registry_corrupt');
});

it('one that trickles in is given up, and the next who asks has what upstream has then', async () => {
  let trickles = true;
  await using upstream = await startScriptedUpstream((_request, response) => {
    if (!trickles) return void response.end('{}');
    trickles = false;
    response.write('{');
    const timer = setInterval(() => response.write(' '), 20);
    response.once('close', () => clearInterval(timer));
  });
  await using mirror = await startTestMirror({
    upstreams: [upstream.url],
    core: { settings: { fetchTimeoutMs: 300 } },
  });
  expect((await ask(mirror.url + path)).body.toString()).toBe('{}');
  expect(upstream.seen).toHaveLength(2);
});
