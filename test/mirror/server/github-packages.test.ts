import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { readHttpUrl } from '../../../mirror/lockfile/http-url.ts';
import { parseMirrorAddress, toMirror } from '../../../mirror/lockfile/mirror-address.ts';
import { createPolicy } from '../../../mirror/packument/policy/policy.ts';
import { parseRegistryPath } from '../../../mirror/packument/names/registry-path.ts';
import { formatRegistryPath } from '../../../mirror/packument/names/format-registry-path.ts';
import { ask } from '../../support/npm-registry/ask.ts';
import { startScriptedUpstream, type Script } from '../support/scripted-upstream.ts';
import { startTestMirror } from '../support/test-mirror.ts';

const host = 'npm.pkg.test';
const bytes = Buffer.from('the bytes of a tarball');
const shasum = createHash('sha1').update(bytes).digest('hex');
const path = `/download/@owner/lib/1.0.0/${shasum}`;

/** As GitHub Packages has it: the path names package, version and digest, and no file. */
const script =
  (body: Buffer): Script =>
  (request, response) => {
    if (request.url === path) response.end(body);
    else if (request.url === '/@owner%2flib') response.end(packument());
    else response.writeHead(404).end('{}');
  };

function packument(): string {
  const dist = { shasum, tarball: `https://${host}${path}` };
  const version = { name: '@owner/lib', version: '1.0.0', dist };
  return JSON.stringify({
    name: '@owner/lib',
    'dist-tags': { latest: '1.0.0' },
    versions: { '1.0.0': version },
  });
}

const registries = (upstream: string): object => ({
  registries: [{ name: 'github', hosts: [host], upstreams: [upstream] }],
});

describe('tarballs of GitHub Packages', () => {
  it('are at the mirror, asked for once by their own path, and kept', async () => {
    await using upstream = await startScriptedUpstream(script(bytes));
    const config = { ...registries(upstream.url) };
    await using mirror = await startTestMirror({ upstreams: [], config });
    const { body } = await ask(`${mirror.url}/@owner%2flib`);
    expect(body.toString()).toContain(`"${mirror.url}${path}"`);
    const first = await ask(mirror.url + path);
    expect([first.status, first.body.toString()]).toEqual([200, bytes.toString()]);
    await mirror.core.tarballs.settled();
    const second = await ask(mirror.url + path);
    expect(second.headers['x-ashlar-cache']).toBe('hit');
    expect(second.body.equals(bytes)).toBe(true);
    // As a lockfile has it that was rewritten to the mirror.
    const mirrorAddress = parseMirrorAddress(mirror.url, '--mirror');
    const read = readHttpUrl(`https://${host}${path}`);
    const moved = read.type === 'http' ? toMirror(read.url, mirrorAddress, 'https://a.test') : null;
    const rewritten = await ask(`${moved?.to ?? ''}${path}`);
    expect([rewritten.status, rewritten.headers['x-ashlar-cache']]).toEqual([200, 'hit']);
    expect(upstream.seen.filter((each) => each.path !== '/@owner%2flib')).toHaveLength(1);
    expect(mirror.records.at(-1)).toMatchObject({ kind: 'tarball', subject: '@owner/lib' });
  });

  it('are held against the packument', async () => {
    await using upstream = await startScriptedUpstream(script(Buffer.from('something else')));
    const config = { ...registries(upstream.url) };
    const core = { retry: { attempts: 2, baseDelayMs: 1, maxDelayMs: 2 } };
    await using mirror = await startTestMirror({ upstreams: [], config, core });
    expect((await ask(mirror.url + path)).status).toBe(502);
  });

  it('are subject to policy', async () => {
    await using upstream = await startScriptedUpstream(script(bytes));
    const config = { ...registries(upstream.url) };
    const policy = { policy: createPolicy({ deny: ['@owner/lib'] }), revision: '1' };
    await using mirror = await startTestMirror({
      upstreams: [],
      config,
      serve: { policy: () => policy },
    });
    const answer = await ask(mirror.url + path);
    expect(answer.status).toBe(403);
    expect(JSON.parse(answer.body.toString())).toMatchObject({ code: 'package_blocked' });
    expect(upstream.seen.map((each) => each.path)).not.toContain(path);
  });
});

it.each([path, `/download/@owner/lib/1.0.0-beta.1/${'a'.repeat(64)}`])(
  'the path %s is written as it is read',
  (text) => {
    const read = parseRegistryPath(text);
    expect(read.kind === 'tarball' && formatRegistryPath(read)).toBe(text);
  },
);

it.each(['/download', '/download/-/download-1.0.0.tgz', '/download/1.0.0'])(
  'the package of the name "download" has %s all the same',
  (text) => {
    expect(parseRegistryPath(text)).toMatchObject({ package: { name: 'download' } });
  },
);
