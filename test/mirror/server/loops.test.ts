import { expect, it } from 'vitest';
import { createLoopMark } from '../../../mirror/upstream/loop-mark.ts';
import { ask } from '../../support/npm-registry/ask.ts';
import { openFreePort } from '../support/free-port.ts';
import { startScriptedUpstream } from '../support/scripted-upstream.ts';
import { startTestMirror } from '../support/test-mirror.ts';

it('a mirror that is its own upstream says so at once, with the mend', async () => {
  const port = await openFreePort();
  const http = { host: '127.0.0.1', port };
  await using mirror = await startTestMirror({
    upstreams: [`http://127.0.0.1:${port}`],
    serve: { listen: { http, tls: null } },
  });
  const beganMs = performance.now();
  for (const path of ['/one', '/one/-/one-1.0.0.tgz', '/-/npm/v1/keys', '/-/whoami']) {
    const answer = await ask(mirror.url + path);
    expect([path, answer.status]).toEqual([path, 508]);
    expect(JSON.parse(answer.body.toString())).toMatchObject({
      code: 'loop_detected',
      class: 'operator',
      hint: expect.stringContaining('mirror env'),
    });
  }
  expect(performance.now() - beganMs).toBeLessThan(3_000);
});

it('mirrors one behind the other are no loop', async () => {
  const one = JSON.stringify({ name: 'one', versions: {} });
  await using upstream = await startScriptedUpstream((_request, response) => response.end(one));
  await using inner = await startTestMirror({ upstreams: [upstream.url] });
  await using outer = await startTestMirror({ upstreams: [inner.url] });
  expect((await ask(`${outer.url}/one`)).status).toBe(200);
  const headers = { 'cdn-loop': 'some-cdn; v=1' };
  expect((await ask(`${outer.url}/-/whoami`, { headers })).status).toBe(200);
  expect(upstream.seen.at(-1)?.headers['cdn-loop']).toMatch(/^some-cdn; v=1, \w+, \w+$/);
});

it('knows its own name among others alone', () => {
  const mark = createLoopMark('abc');
  expect(mark.headers('x; a=b')['cdn-loop']).toBe('x; a=b, abc');
  for (const header of ['abc', 'x, abc', 'abc; v=1,x'])
    expect(mark.isIn({ 'cdn-loop': header })).toBe(true);
  for (const header of ['', 'abcd', 'x; abc'])
    expect(mark.isIn({ 'cdn-loop': header })).toBe(false);
  expect(mark.isIn({})).toBe(false);
});
