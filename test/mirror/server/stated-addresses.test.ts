import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { ask } from '../../support/npm-registry/ask.ts';
import { startScriptedUpstream } from '../support/scripted-upstream.ts';
import { startTestMirror } from '../support/test-mirror.ts';

it.each(['ftp', 'file', 'data', 'javascript'])(
  'a tarball at an address of %s is not fetched, and its address stays as it is',
  async (scheme) => {
    const tarball = `${scheme}://registry.npm.test/elsewhere/one-1.0.0.tgz`;
    const shasum = createHash('sha1').update('x').digest('hex');
    const version = { name: 'one', version: '1.0.0', dist: { shasum, tarball } };
    const packument = { name: 'one', versions: { '1.0.0': version } };
    await using upstream = await startScriptedUpstream((request, response) => {
      if (request.url === '/one') response.end(JSON.stringify(packument));
      else if (request.url === '/one/1.0.0') response.end(JSON.stringify(version));
      else response.writeHead(404).end('{}');
    });
    await using mirror = await startTestMirror({ upstreams: [upstream.url] });
    const answer = await ask(`${mirror.url}/one/-/one-1.0.0.tgz`);
    expect(answer.status).toBe(404);
    expect((await ask(`${mirror.url}/one`)).body.toString()).toContain(`"${tarball}"`);
    expect((await ask(`${mirror.url}/one/1.0.0`)).body.toString()).toContain(`"${tarball}"`);
  },
);

it.each(['ftp', 'file', 'ws'])('below /-/via/ there is nothing of %s', async (scheme) => {
  await using upstream = await startScriptedUpstream((_request, response) =>
    response.writeHead(404).end('{}'),
  );
  await using mirror = await startTestMirror({ upstreams: [upstream.url] });
  const answer = await ask(`${mirror.url}/-/via/${scheme}/registry.npm.test/one`);
  expect(answer.status).toBe(404);
});
