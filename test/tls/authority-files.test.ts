import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFile,
  chmod,
  chown,
  copyFile,
  mkdir,
  readdir,
  readFile,
  rename,
  symlink,
  truncate,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { AshlarError } from '../../src/errors/ashlar-error.ts';
import { runChecked } from '../../src/process/run-command.ts';
import { openTlsAuthority } from '../../src/tls/authority.ts';
import { readPublishedAuthorities } from '../../src/tls/authority-facts.ts';
import { isRoot, scratchDir } from '../support/scratch.ts';

const scratch = scratchDir('tls-files');
const host = 'registry.npm.test';
const open = (directory: string) => openTlsAuthority({ directory, hosts: [host], nowMs: Date.now });
const needsRoot = isRoot ? '' : 'needs root';

/** One authority for all cases; each has a copy to hurt. */
const made = join(scratch, 'made');
beforeAll(async () => {
  await open(made);
});
let count = 0;

async function copy(): Promise<{ readonly directory: string; readonly file: string }> {
  const directory = join(scratch, `copy-${(count += 1)}`);
  await mkdir(directory, { mode: 0o700 });
  const file = join(directory, 'authority-0001.pem');
  await copyFile(join(made, 'authority-0001.pem'), file);
  await chmod(file, 0o600);
  return { directory, file };
}

async function failureOf(directory: string): Promise<AshlarError> {
  const before = await readdir(directory).catch(() => []);
  const failure = await open(directory).then(
    () => undefined,
    (error: unknown) => error,
  );
  if (!(failure instanceof AshlarError)) throw new Error(`it was opened: ${String(failure)}`);
  // What is refused is not replaced.
  expect(await readdir(directory).catch(() => [])).toEqual(before);
  await expect(readPublishedAuthorities(directory, Date.now())).rejects.toMatchObject({
    code: failure.code,
  });
  return failure;
}

describe('an authority that is not safe is refused, with the mend', () => {
  it.each([0o644, 0o640, 0o620, 0o602, 0o604])('a file of mode %o', async (mode) => {
    const { directory, file } = await copy();
    await chmod(file, mode);
    const { code, message, hint } = await failureOf(directory);
    expect([code, message]).toEqual([
      'authority_unsafe',
      `the authority ${file} has mode 0${mode.toString(8)}: others can get at it`,
    ]);
    expect(hint).toContain(`chmod 600 ${file}`);
    await chmod(file, 0o600);
    expect(await (await open(directory)).caBundlePem()).toBe(
      await (await open(made)).caBundlePem(),
    );
  });

  it.each([0o755, 0o770, 0o777])('a directory of mode %o', async (mode) => {
    const { directory } = await copy();
    await chmod(directory, mode);
    const { code, hint } = await failureOf(directory);
    expect([code, hint]).toEqual([
      'authority_unsafe',
      expect.stringContaining(`chmod 700 ${directory}`),
    ]);
  });

  it.skipIf(!isRoot)(`a file or directory of somebody else ${needsRoot}`, async () => {
    for (const part of ['file', 'directory'] as const) {
      const place = await copy();
      await chown(place[part], 1234, 0);
      const { code, message, hint } = await failureOf(place.directory);
      expect([code, message]).toEqual([
        'authority_unsafe',
        `the authority ${place[part]} belongs to the user 1234, and this is 0`,
      ]);
      expect(hint).toContain(`chown 0 ${place[part]}`);
    }
  });

  it('a link in place of a file or the directory, also to a good one', async () => {
    const { directory, file } = await copy();
    await rename(file, join(scratch, 'elsewhere.pem'));
    await symlink(join(scratch, 'elsewhere.pem'), file);
    expect(await failureOf(directory)).toMatchObject({
      code: 'authority_unsafe',
      message: `the authority ${file} is a link`,
    });
    const linked = join(scratch, 'linked');
    await symlink(made, linked);
    expect(await failureOf(linked)).toMatchObject({
      code: 'authority_unsafe',
      message: `the authority ${linked} is not a directory`,
    });
  });

  it('a pipe or a directory in place of a file', async () => {
    for (const make of [
      ['mkfifo', '-m', '600'],
      ['mkdir', '-m', '700'],
    ]) {
      const { directory, file } = await copy();
      await rename(file, `${file}.away`);
      await runChecked(make[0] ?? '', [...make.slice(1), file]);
      expect(await failureOf(directory)).toMatchObject({
        code: 'authority_unsafe',
        message: `the authority ${file} is not a file`,
      });
    }
  });
});

describe('an authority that is damaged is refused, with the mend', () => {
  const good = (): Promise<string> => readFile(join(made, 'authority-0001.pem'), 'latin1');
  const parts = async (): Promise<[string, string]> => {
    const text = await good();
    const key = text.indexOf('-----BEGIN PRIVATE');
    return [text.slice(0, key), text.slice(key)];
  };

  it.each<[string, () => Promise<string>, RegExp]>([
    ['nothing', async () => '', /no certificate that can be read/],
    ['something else', async () => '{"a":1}', /no certificate that can be read/],
    ['no key', async () => (await parts())[0], /no key that can be read/],
    ['no certificate', async () => (await parts())[1], /no certificate that can be read/],
    ['half a key', async () => (await good()).slice(0, -900), /no key that can be read/],
    [
      'a changed letter',
      async () => (await good()).replace(/(BEGIN CERTIFICATE-----\n[^\n]*\n[^\n]{20})./, '$1_'),
      /no certificate that can be read|signed by itself/,
    ],
  ])('%s', async (_name, text, words) => {
    const { directory, file } = await copy();
    await writeFile(file, await text());
    const { code, message, hint } = await failureOf(directory);
    expect([code, message]).toEqual(['authority_corrupt', expect.stringMatching(words)]);
    expect([message, hint]).toEqual([
      expect.stringContaining(file),
      expect.stringContaining('remove it'),
    ]);
  });

  it('the key of another', async () => {
    const { directory, file } = await copy();
    const other = join(scratch, 'other.pem');
    const request = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-subj', '/CN=other'];
    await runChecked('openssl', [...request, '-keyout', other, '-out', `${other}.crt`]);
    const [certificate] = await parts();
    await writeFile(file, certificate + (await readFile(other, 'latin1')));
    expect((await failureOf(directory)).message).toContain('does not belong to its certificate');
    await writeFile(
      file,
      (await readFile(`${other}.crt`, 'latin1')) + (await readFile(other, 'latin1')),
    );
    expect((await failureOf(directory)).message).toContain('no list of permitted hosts');
  });

  it('a file without an end', async () => {
    const { directory, file } = await copy();
    await truncate(file, 10 ** 9);
    expect((await failureOf(directory)).message).toContain('has 1000000000 bytes');
  });

  it('and one that is removed is made anew', async () => {
    const { directory, file } = await copy();
    await rename(file, `${file}.away`);
    expect(await (await open(directory)).caBundlePem()).not.toBe(
      await (await open(made)).caBundlePem(),
    );
  });
});

describe('the directory of an authority', () => {
  it('is not made by who only reads it', async () => {
    expect(await readPublishedAuthorities(join(scratch, 'missing'), Date.now())).toEqual([]);
    expect(await readdir(scratch)).not.toContain('missing');
  });

  it('may hold other files; keys that a killed process left half-written are removed', async () => {
    const { directory } = await copy();
    await writeFile(join(directory, 'README'), 'mine');
    await appendFile(join(directory, '.authority-00ff.tmp'), 'half');
    await appendFile(join(directory, '.authority-00fe.tmp'), 'half');
    await utimes(join(directory, '.authority-00ff.tmp'), 1, 1);
    await open(directory);
    expect(await readdir(directory)).toEqual([
      '.authority-00fe.tmp',
      'README',
      'authority-0001.pem',
    ]);
  });

  it('has one authority after processes that started at once', async () => {
    const directory = join(scratch, 'race');
    const children = Array.from({ length: 4 }, () => start(directory));
    await Promise.all(children.map(({ child }) => once(child.stdout, 'data')));
    for (const { child } of children) child.stdin.end('go');
    const outputs = await Promise.all(children.map(({ output }) => output));
    expect(new Set(outputs).size).toBe(1);
    expect(outputs[0]).toBe(`ready\n${await (await open(directory)).caBundlePem()}`);
    expect(await readdir(directory)).toEqual(['authority-0001.pem']);
  }, 30_000);
});

type Piped = ReturnType<typeof spawnOpener>;

function spawnOpener(directory: string) {
  return spawn(process.execPath, [join(import.meta.dirname, 'opener.ts'), directory, host], {
    stdio: ['pipe', 'pipe', 'inherit'],
    timeout: 25_000,
  });
}

function start(directory: string): { readonly child: Piped; readonly output: Promise<string> } {
  const child = spawnOpener(directory);
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  return { child, output: once(child satisfies ChildProcess, 'close').then(() => output) };
}
