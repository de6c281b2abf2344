import { expect, it } from 'vitest';
import { ask } from '../../support/npm-registry/ask.ts';
import { startScriptedUpstream } from '../support/scripted-upstream.ts';
import { startTestMirror } from '../support/test-mirror.ts';

const installType = 'application/vnd.npm.install-v1+json';

it('no document is a page that a browser would run, whatever upstream says of it', async () => {
  const script = '<script>alert(1)</script>';
  await using upstream = await startScriptedUpstream((request, response) => {
    response.setHeader(
      'content-type',
      request.headers.accept?.includes('install') === true ? installType : 'text/html',
    );
    if (request.url === '/one') response.end(JSON.stringify({ name: 'one', script, versions: {} }));
    else response.end(JSON.stringify({ script }));
  });
  await using mirror = await startTestMirror({ upstreams: [upstream.url] });
  const typeOf = async (path: string, headers = {}): Promise<unknown> => {
    const answer = await ask(mirror.url + path, { headers });
    expect(answer.headers['x-content-type-options']).toBe('nosniff');
    return answer.headers['content-type'];
  };
  for (const path of ['/one', '/one/1.0.0', '/-/npm/v1/keys', '/-/package/one/dist-tags'])
    expect(await typeOf(path)).toBe('application/json');
  expect(await typeOf('/one', { accept: installType })).toBe(installType);
  // What is handed on as it is, what fails, and the mirror's own.
  for (const path of ['/-/v1/search?text=one', '/.hidden', '/-/ping', '/-/ashlar/health'])
    await typeOf(path);
});

it('the status is not given to who says another name than this machine has', async () => {
  await using mirror = await startTestMirror({ upstreams: ['http://127.0.0.1:1/'] });
  const statusFor = async (host: string): Promise<number> =>
    (await ask(`${mirror.url}/-/ashlar/status`, { headers: { host } })).status;
  expect(await statusFor(`localhost:${mirror.port}`)).toBe(200);
  for (const host of ['evil.test', 'evil.test@localhost', 'localhost/evil.test', 'localhost?'])
    expect(await statusFor(host)).toBe(403);
});
