import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createTempDir } from '../../../src/disk/temp-dir.ts';
import { operatorCredentials } from '../../../registry-cache/index.ts';
import { startScriptedUpstream } from '../../mirror/support/scripted-upstream.ts';
import { ask } from '../../support/npm-registry/ask.ts';
import { ociPull } from '../../support/oci-registry/pull/oci-pull.ts';
import { startRecordedOciRegistry } from '../../support/oci-registry/recorded-oci-registry.ts';
import { registryName, startTestCache } from '../support/test-cache.ts';

const contents = ['team/app', 'team/other', 'acme/secret'].map((repository, seed) => ({
  repository,
  images: [{ seed, layers: 2, layerBytes: 20_000 }],
}));
const password = 'open:sesame';
const users = { robot: { password, repositories: ['acme/*', 'team/*'] } };
const proof = `Basic ${Buffer.from(`robot:${password}`).toString('base64')}`;
const app = { name: 'team/app', reference: 'latest' };
const secret = { name: 'acme/secret', reference: 'latest' };

/** The operator's credential for the registry, as its configuration has it. */
async function withPassword(folder: string): Promise<object> {
  const passwordFile = join(folder, 'password');
  await writeFile(passwordFile, `${password}\n`, { mode: 0o600 });
  return { credential: { username: 'robot', passwordFile } };
}

describe('tokens', () => {
  it('are fetched once for each repository, and again shortly before they end', async () => {
    let passedMs = 0;
    await using upstream = await startRecordedOciRegistry({ contents, auth: { scheme: 'bearer' } });
    await using cache = await startTestCache({
      upstreams: [upstream.url],
      registry: { tagMaxAgeSec: 0 },
      core: { nowMs: () => Date.now() + passedMs },
    });
    await Promise.all(
      [app, app, { ...app, name: 'team/other' }].map((one) => ociPull(cache.url, one)),
    );
    expect((await upstream.counts()).tokensIssued).toBe(2);
    passedMs = 200_000;
    await ociPull(cache.url, app);
    expect((await upstream.counts()).tokensIssued).toBe(2);
    // They last for 300 s.
    passedMs = 250_000;
    await ociPull(cache.url, app);
    expect((await upstream.counts()).tokensIssued).toBe(3);
  });

  it('that upstream has ended are fetched anew without anybody noticing', async () => {
    await using upstream = await startRecordedOciRegistry({ contents, auth: { scheme: 'bearer' } });
    await using cache = await startTestCache({ upstreams: [upstream.url] });
    const blobs = (await upstream.facts(app.name, app.reference)).blobs;
    await ask(`${cache.url}/v2/team/app/manifests/latest`);
    await upstream.revokeTokens();
    const answers = await Promise.all(
      blobs.map(({ digest }) => ask(`${cache.url}/v2/team/app/blobs/${digest}`)),
    );
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect((await upstream.counts()).tokensIssued).toBe(2);
  });

  it.each(['bearer', 'basic'] as const)(
    'the operator’s password opens a registry of the kind %s, and goes nowhere else',
    async (scheme) => {
      await using folder = await createTempDir(tmpdir(), 'ashlar-password');
      await using upstream = await startRecordedOciRegistry({
        contents,
        auth: { scheme, users, anonymous: ['team/*'] },
        cdn: {},
        tokenService: {},
      });
      await using cache = await startTestCache({
        upstreams: [upstream.url],
        registry: {
          ...(await withPassword(folder.path)),
          credentialFor: 'everyone',
          trustedRealms: ['127.0.0.3'],
        },
        config: { trustedHosts: ['127.0.0.2', '127.0.0.3'] },
      });
      const { ok, failures } = await ociPull(cache.url, secret);
      expect([ok, failures]).toEqual([true, []]);
      const { credentials } = await upstream.counts();
      expect(credentials.cdn).toEqual([]);
      if (scheme === 'basic') expect(credentials.registry).toEqual([proof]);
      else {
        expect(credentials.token).toEqual([proof]);
        expect(credentials.registry.every((value) => value.startsWith('Bearer '))).toBe(true);
      }
    },
  );

  it('of a service that the registry has no business with are not asked for, and it gets no password', async () => {
    await using folder = await createTempDir(tmpdir(), 'ashlar-password');
    await using foreign = await startScriptedUpstream(
      (_request, response) => response.end('{"token":"stolen"}'),
      { address: '127.0.0.9' },
    );
    await using upstream = await startRecordedOciRegistry({
      contents,
      auth: { scheme: 'bearer', users, realm: `${foreign.url}/token` },
    });
    await using cache = await startTestCache({
      upstreams: [upstream.url],
      registry: { ...(await withPassword(folder.path)), credentialFor: 'everyone' },
      // That it may be reached is another question.
      config: { trustedHosts: ['127.0.0.9'] },
    });
    const answer = await ask(`${cache.url}/v2/team/app/manifests/latest`);
    expect([answer.status, answer.body.toString()]).toEqual([
      401,
      expect.stringContaining('127.0.0.9'),
    ]);
    expect(answer.body.toString()).not.toContain('sesame');
    expect(foreign.seen).toEqual([]);
    const { credentials } = await upstream.counts();
    expect([...credentials.registry, ...credentials.token]).toEqual([]);
  });

  it('redirects to other hosts get none of what the registry was shown', async () => {
    await using elsewhere = await startScriptedUpstream(
      (_request, response) => {
        response.statusCode = 404;
        response.end();
      },
      { address: '127.0.0.8' },
    );
    await using upstream = await startRecordedOciRegistry({
      contents,
      auth: { scheme: 'bearer' },
      faults: [{ fault: { name: 'redirect', location: `${elsewhere.url}/somewhere` } }],
    });
    await using cache = await startTestCache({
      upstreams: [upstream.url],
      config: { trustedHosts: ['127.0.0.8'] },
      core: { retry: { attempts: 2 } },
    });
    const { blobs } = await upstream.facts(app.name, app.reference);
    const statuses = await Promise.all(
      ['manifests/latest', `blobs/${blobs[0]?.digest}`].map(
        async (path) => (await ask(`${cache.url}/v2/team/app/${path}`)).status,
      ),
    );
    // It was not the registry that said that there is nothing.
    expect(statuses).toEqual([502, 502]);
    expect(elsewhere.seen.length).toBeGreaterThan(1);
    for (const { headers } of elsewhere.seen) expect(headers.authorization).toBeUndefined();
  });

  it('docker’s own file and helper are asked for the operator’s credential, and a new one is used when the old is refused', async () => {
    await using folder = await createTempDir(tmpdir(), 'ashlar-docker');
    let passedMs = 0;
    const write = async (secretText: string): Promise<void> => {
      const helper = `#!/bin/sh\nread host\n[ "$host" = ${registryName} ] || exit 1\nprintf '{"ServerURL":"x","Username":"robot","Secret":"${secretText}"}'\n`;
      await writeFile(join(folder.path, 'docker-credential-test'), helper, { mode: 0o755 });
    };
    await writeFile(
      join(folder.path, 'config.json'),
      JSON.stringify({ credHelpers: { [registryName]: 'test' } }),
    );
    await write('an old password');
    await using upstream = await startRecordedOciRegistry({
      contents,
      auth: { scheme: 'bearer', users, anonymous: [] },
    });
    const env = { DOCKER_CONFIG: folder.path, PATH: `${folder.path}:${process.env['PATH']}` };
    await using cache = await startTestCache({
      upstreams: [upstream.url],
      registry: { credential: 'docker', credentialFor: 'everyone' },
      core: { credentials: operatorCredentials(env), nowMs: () => Date.now() + passedMs },
    });
    const refused = await ask(`${cache.url}/v2/acme/secret/manifests/latest`);
    expect(refused.status).toBe(401);
    await write(password);
    passedMs = 15_000;
    await ask(`${cache.url}/v2/acme/secret/manifests/latest`);
    expect((await ociPull(cache.url, secret)).failures).toEqual([]);
    expect((await upstream.counts()).credentials.registry).toContain(proof);
  });
});
