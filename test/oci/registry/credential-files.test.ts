import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createTempDir, type TempDir } from '../../../src/disk/temp-dir.ts';
import { fileCredentials } from '../../../src/oci/registry/credential-files.ts';
import { rejectionOf } from '../support/failures.ts';

let home: TempDir;
let env: NodeJS.ProcessEnv;

beforeEach(async () => {
  home = await createTempDir(tmpdir(), 'ashlar-home');
  env = { HOME: home.path, PATH: join(home.path, 'bin') };
});
afterEach(() => home[Symbol.asyncDispose]());

function write(path: string, content: unknown): string {
  const full = join(home.path, path);
  mkdirSync(dirname(full), { recursive: true });
  writeFileSync(full, typeof content === 'string' ? content : JSON.stringify(content));
  return full;
}

function auth(username: string, password: string) {
  return { auth: Buffer.from(`${username}:${password}`).toString('base64') };
}

async function lookUp(registry: string, repository = 'a/b') {
  return fileCredentials(env)(registry, repository);
}

function password(username: string, value: string) {
  return { credential: { kind: 'password', username, password: value }, problem: null };
}

/** A credential helper that is a shell script. */
function helper(name: string, script: string): void {
  const path = write(`bin/docker-credential-${name}`, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
}

const nothing = { credential: null, problem: null };

describe('credentials from files', () => {
  it('are none without a file', async () => {
    expect(await lookUp('ghcr.io')).toEqual(nothing);
  });

  it("are those of docker's config.json, under every spelling of the registry", async () => {
    write('.docker/config.json', {
      auths: {
        'https://index.docker.io/v1/': auth('hub', 'a:b'),
        'ghcr.io': { username: 'plain', password: 'text' },
        'https://Quay.io': auth('quay', 'q'),
        'http://127.0.0.1:5000/v2/': auth('local', 'l'),
        'id.example.com': { identitytoken: 'refresh', auth: auth('x', 'y').auth },
        'empty.example.com': {},
        'null.example.com': null,
        'broken.example.com': { auth: '!!!' },
      },
    });
    expect(await lookUp('docker.io')).toEqual(password('hub', 'a:b'));
    expect(await lookUp('ghcr.io')).toEqual(password('plain', 'text'));
    expect(await lookUp('quay.io')).toEqual(password('quay', 'q'));
    expect(await lookUp('127.0.0.1:5000')).toEqual(password('local', 'l'));
    expect(await lookUp('id.example.com')).toEqual({
      credential: { kind: 'identity', token: 'refresh' },
      problem: null,
    });
    for (const host of ['empty', 'null', 'broken', 'other']) {
      expect(await lookUp(`${host}.example.com`)).toEqual(nothing);
    }
    expect(await lookUp('io')).toEqual(nothing);
  });

  it('come from $DOCKER_CONFIG instead where it is set', async () => {
    write('.docker/config.json', { auths: { 'a.io': auth('home', 'h') } });
    write('elsewhere/config.json', { auths: { 'a.io': auth('else', 'e') } });
    env['DOCKER_CONFIG'] = join(home.path, 'elsewhere');
    expect(await lookUp('a.io')).toEqual(password('else', 'e'));
  });

  it("come from podman's files too, and the longest name wins there", async () => {
    env['XDG_RUNTIME_DIR'] = join(home.path, 'run');
    write('run/containers/auth.json', {
      auths: {
        'a.io': auth('all', '1'),
        'a.io/team': auth('team', '2'),
        'a.io/team/app': auth('app', '3'),
      },
    });
    write('.config/containers/auth.json', { auths: { 'b.io': auth('b', '4') } });
    expect(await lookUp('a.io', 'team/app')).toEqual(password('app', '3'));
    expect(await lookUp('a.io', 'team/app/x')).toEqual(password('app', '3'));
    expect(await lookUp('a.io', 'team/other')).toEqual(password('team', '2'));
    expect(await lookUp('a.io', 'teams')).toEqual(password('all', '1'));
    expect(await lookUp('b.io')).toEqual(password('b', '4'));
    env['REGISTRY_AUTH_FILE'] = write('explicit.json', { auths: { 'b.io': auth('x', '5') } });
    expect(await lookUp('b.io')).toEqual(password('x', '5'));
  });

  it.each(['{', '[]', '{"auths": []}', '{"auths": {"a": {"auth": ["supersecret"]}}}', '\xff'])(
    'that read %j are named, without a word of them',
    async (content) => {
      const path = write('.docker/config.json', content);
      const failure = await rejectionOf(() => lookUp('a.io'));
      expect(failure).toMatchObject({
        code: 'config_invalid',
        message: expect.stringContaining(path),
      });
      expect((failure as Error).message).not.toContain('supersecret');
    },
  );
});

describe('credential helpers', () => {
  it('are asked for the registry by name, and win over what is written', async () => {
    const asked = join(home.path, 'asked');
    helper(
      'vault',
      `IFS= read -r server; echo "$1 $server" >> ${asked}\necho '{"ServerURL":"x","Username":"u","Secret":"s3"}'`,
    );
    write('.docker/config.json', {
      auths: { 'a.io': auth('file', 'f') },
      credHelpers: { 'a.io': 'vault' },
      credsStore: 'vault',
    });
    expect(await lookUp('a.io')).toEqual(password('u', 's3'));
    expect(await lookUp('docker.io')).toEqual(password('u', 's3'));
    expect(readFileSync(asked, 'utf8')).toBe('get a.io\nget https://index.docker.io/v1/\n');
  });

  it('may give an identity token', async () => {
    helper('id', `echo '{"Username":"<token>","Secret":"refresh"}'`);
    write('.docker/config.json', { credsStore: 'id' });
    expect((await lookUp('a.io')).credential).toEqual({ kind: 'identity', token: 'refresh' });
  });

  it('that know nothing leave what is written', async () => {
    helper('none', `echo 'credentials not found in native keychain'; exit 1`);
    write('.docker/config.json', { auths: { 'a.io': auth('file', 'f') }, credsStore: 'none' });
    expect(await lookUp('a.io')).toEqual(password('file', 'f'));
    expect(await lookUp('b.io')).toEqual(nothing);
  });

  it('that fail or are missing are a problem, not an error', async () => {
    helper('locked', `echo 'the vault is locked'; exit 1`);
    write('.docker/config.json', {
      credHelpers: { 'a.io': 'locked', 'b.io': 'missing', 'c.io': '../../bin/sh' },
    });
    expect(await lookUp('a.io')).toEqual({
      credential: null,
      problem: 'the credential helper docker-credential-locked failed: the vault is locked',
    });
    expect((await lookUp('b.io')).problem).toMatch(/docker-credential-missing is not installed/);
    expect((await lookUp('c.io')).problem).toMatch(/not a file name/);
  });

  it('that answer nonsense are an error, without a word of it', async () => {
    helper('odd', `echo '{"Username": 7, "Secret": "supersecret"'`);
    write('.docker/config.json', { credsStore: 'odd' });
    const failure = await rejectionOf(() => lookUp('a.io'));
    expect(failure).toMatchObject({ code: 'config_invalid' });
    expect((failure as Error).message).not.toContain('supersecret');
  });
});
