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
