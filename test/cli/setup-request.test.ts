import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readSetupRequest, type SetupFlags } from '../../src/cli/setup-request.ts';
import { createTempDir } from '../../src/index.ts';

const nowMs = Date.UTC(2026, 10, 22);
const read = (flags: Partial<SetupFlags>) => readSetupRequest({ init: true, ...flags }, { nowMs });
const pem = readFileSync(new URL('../base-images/setup/support/authority.crt', import.meta.url));

describe('what is asked of a setup', () => {
  it('is nothing but the usual where nothing is said', async () => {
    expect(await read({})).toEqual({ options: {}, init: 'bring' });
    expect(await read({ init: false })).toEqual({ options: {}, init: 'leave' });
  });

  it('is read whole', async () => {
    await using temp = await createTempDir(tmpdir(), 'request');
    const ca = join(temp.path, 'my authority.pem');
    await writeFile(ca, pem);
    const npmRegistry = 'https://mirror.example/npm';
    const { options } = await read({ user: 'dev', uid: '1234', ca: [ca], npmRegistry });
    expect(options).toMatchObject({
      user: 'dev',
      uid: 1234,
      ca: [{ pem: pem.toString('latin1') }],
      npmRegistry: new URL(npmRegistry),
    });
  });

  it.each<[Partial<SetupFlags>, string]>([
    [{ user: 'a b' }, 'user_name_invalid'],
    [{ user: '-rf' }, 'user_name_invalid'],
    [{ user: 'ALL' }, 'user_name_invalid'],
    [{ uid: 'many' }, 'invalid_request'],
    [{ uid: '65535' }, 'invalid_request'],
    [{ uid: '4294967295' }, 'invalid_request'],
    [{ npmRegistry: 'mirror.example' }, 'invalid_request'],
    [{ pipIndex: 'file:///etc' }, 'invalid_request'],
    [{ aptMirror: 'http://mirror.example/a b' }, 'invalid_request'],
    [{ dockerMirror: 'http://mirror.example/"' }, 'invalid_request'],
    [{ npmRegistry: 'https://me:secret@mirror.example' }, 'invalid_request'],
    [{ ca: ['/nowhere/at/all'] }, 'ca_file_invalid'],
    [{ ca: ['/'] }, 'ca_file_invalid'],
    [{ ca: ['/dev/zero'] }, 'ca_file_invalid'],
  ])('is refused: %j', async (flags, code) => {
    const failure = await read(flags).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code });
    expect(String(failure)).not.toContain('secret');
  });

  it('is refused with a file that is DER or has a key in it, of which nothing is said', async () => {
    await using temp = await createTempDir(tmpdir(), 'request');
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const key = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    const file = join(temp.path, 'bad.crt');
    for (const bytes of [new X509Certificate(pem).raw, Buffer.concat([pem, Buffer.from(key)])]) {
      await writeFile(file, bytes);
      const failure = await read({ ca: [file] }).catch((error: unknown) => error);
      expect(failure).toMatchObject({ code: 'ca_file_invalid' });
      expect(JSON.stringify(failure) + String(failure)).not.toContain(key.split('\n')[1]);
    }
  });
});
