import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { ask } from '../../support/npm-registry/ask.ts';
import { startScriptedUpstream } from '../support/scripted-upstream.ts';
import { startTestMirror } from '../support/test-mirror.ts';

const json = { 'content-type': 'application/json' };
const abbreviated = { accept: 'application/vnd.npm.install-v1+json' };

it.each([
  ['publishing', 'PUT', '/@some%2fone'],
  ['tagging', 'PUT', '/-/package/@some%2fone/dist-tags/next'],
  ['taking a tag away', 'DELETE', '/-/package/@some%2fone/dist-tags/next'],
  ['unpublishing', 'DELETE', '/@some%2fone/-rev/1-a'],
  ['unpublishing a version', 'DELETE', '/@some/one/-/one-1.0.0.tgz/-rev/1-a'],
  ['deprecating', 'PUT', '/@some%2fone/-rev/1-a'],
])('after %s the next client gets what upstream has then', async (_what, method, path) => {
  let tag = '1.0.0';
  await using upstream = await startScriptedUpstream((request, response) => {
    if (request.method !== 'GET') {
      const isRefused = request.headers['npm-otp'] === undefined;
      if (!isRefused) tag = '2.0.0';
      response.writeHead(isRefused ? 401 : 201, json).end('{}');
    } else if (request.url?.endsWith('/dist-tags')) response.end(JSON.stringify({ latest: tag }));
    else response.end(packument(tag));
  });
  await using mirror = await startTestMirror({ upstreams: [upstream.url] });
  const documents = [
    { url: `${mirror.url}/@some%2fone`, headers: {} },
    { url: `${mirror.url}/@some%2fone`, headers: abbreviated },
    { url: `${mirror.url}/-/package/@some%2fone/dist-tags`, headers: {} },
  ];
  const seen = async (): Promise<string[]> => {
    const answers = await Promise.all(documents.map(({ url, headers }) => ask(url, { headers })));
    return answers.map(({ body }) => /latest":"([^"]+)/.exec(body.toString())?.[1] ?? '');
  };
  expect(await seen()).toEqual(['1.0.0', '1.0.0', '1.0.0']);
  const asked = (): number => upstream.seen.filter((each) => each.method === 'GET').length;
  const before = asked();
  expect((await ask(mirror.url + path, { method, headers: json })).status).toBe(401);
  expect(await seen()).toEqual(['1.0.0', '1.0.0', '1.0.0']);
  expect(asked()).toBe(before);
  const headers = { ...json, 'npm-otp': '123456' };
  expect((await ask(mirror.url + path, { method, headers })).status).toBe(201);
  expect(await seen()).toEqual(['2.0.0', '2.0.0', '2.0.0']);
  const after = asked();
  await seen();
  expect(asked()).toBe(after);
});

it('a package that was not there is there as soon as it is published', async () => {
  let isPublished = false;
  await using upstream = await startScriptedUpstream((request, response) => {
    if (request.method === 'PUT') isPublished = true;
    response.writeHead(isPublished ? 200 : 404).end(packument('1.0.0'));
  });
  await using mirror = await startTestMirror({ upstreams: [upstream.url] });
  const status = async (): Promise<number> => (await ask(`${mirror.url}/@some%2fone`)).status;
  expect([await status(), await status()]).toEqual([404, 404]);
  expect((await ask(`${mirror.url}/@some%2fone`, { method: 'PUT' })).status).toBe(200);
  expect(await status()).toBe(200);
});

function packument(latest: string): string {
  const version = { name: '@some/one', version: latest, dist: dist(latest) };
  return JSON.stringify({
    name: '@some/one',
    'dist-tags': { latest },
    versions: { [latest]: version },
  });
}

function dist(version: string): object {
  const shasum = createHash('sha1').update(version).digest('hex');
  return { shasum, tarball: `https://registry.npm.test/@some/one/-/one-${version}.tgz` };
}
