import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { ask } from '../../support/npm-registry/ask.ts';
import { startScriptedUpstream } from '../support/scripted-upstream.ts';
import { startTestMirror } from '../support/test-mirror.ts';

const bytes = Buffer.from('a tarball');
const shasum = createHash('sha1').update(bytes).digest('hex');
const base = '/api/v4/packages/npm';
const elsewhere = '/api/v4/projects/12/packages/npm/@acme/one/-/@acme/one-1.0.0.tgz';
const headers = { authorization: 'Bearer glpat-1' };

/** GitLab has packuments below one path, and the tarballs that they state below that of a project. */
it('a tarball elsewhere on the host of a registry below a path is fetched from there, and stated at its usual path', async () => {
  await using upstream = await startScriptedUpstream((request, response) => {
    const tarball = `http://${request.headers.host}${elsewhere}`;
    const version = { name: '@acme/one', version: '1.0.0', dist: { shasum, tarball } };
    const packument = { name: '@acme/one', versions: { '1.0.0': version } };
    if (request.headers.authorization === undefined) response.writeHead(404).end('{}');
    else if (request.url === `${base}/@acme%2fone`) response.end(JSON.stringify(packument));
    else if (request.url === `${base}/@acme%2fone/1.0.0`) response.end(JSON.stringify(version));
    else if (request.url === elsewhere) response.end(bytes);
    else response.writeHead(404).end('{}');
  });
  await using mirror = await startTestMirror({ upstreams: [`${upstream.url}${base}/`] });
  const usual = `${mirror.url}/@acme/one/-/@acme/one-1.0.0.tgz`;
  for (const path of ['/@acme%2fone', '/@acme%2fone/1.0.0']) {
    const document = await ask(mirror.url + path, { headers });
    expect(document.body.toString()).toContain(`"tarball":"${usual}"`);
  }
  for (const url of [usual, `${mirror.url}/@acme/one/-/one-1.0.0.tgz`]) {
    const answer = await ask(url, { headers });
    expect(answer.status).toBe(200);
    expect(answer.body.equals(bytes)).toBe(true);
  }
});

it('a tarball below the path of its registry is asked for there once, by another file name too', async () => {
  await using upstream = await startScriptedUpstream((request, response) => {
    const tarball = `http://${request.headers.host}${base}/one/-/x/one-1.0.0.tgz?v=1`;
    const packument = { name: 'one', versions: { '1.0.0': { dist: { shasum, tarball } } } };
    if (request.url === `${base}/one`) response.end(JSON.stringify(packument));
    else if (request.url === `${base}/one/-/x/one-1.0.0.tgz?v=1`) response.end(bytes);
    else response.writeHead(404).end('{}');
  });
  await using mirror = await startTestMirror({ upstreams: [upstream.url + base] });
  expect((await ask(`${mirror.url}/one/-/one-1.0.0.tgz`)).status).toBe(200);
});
