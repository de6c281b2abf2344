import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { givenCertificates } from '../../../builder/injection/given-certificates.ts';
import { trustsMirror } from '../../../builder/injection/trusts-mirror.ts';
import type { StepProcess } from '../../../builder/run/step-processes.ts';
import { type ProgramFacts, stepProgram } from './support/step-program.ts';

const certificates = ['-----BEGIN CERTIFICATE-----\nmirror\n-----END CERTIFICATE-----\n'];
const additional = givenCertificates({ certificates }, 'additional');
const all = givenCertificates({ certificates }, 'all');
let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'ashlar-trust-'));
  const filler = Buffer.alloc(1024 * 1024 - 5, 0x78);
  // The name lies across the border of what is read at once.
  await writeFile(
    join(directory, 'node'),
    Buffer.concat([filler, Buffer.from('NODE_EXTRA_CA_CERTS\0')]),
  );
  await writeFile(join(directory, 'old'), filler);
});
afterAll(() => rm(directory, { recursive: true, force: true }));

type Program = Omit<Partial<ProgramFacts>, 'file'> & { readonly file?: 'node' | 'old' };

function program({ file = 'node', env = {}, ...rest }: Program): StepProcess {
  return stepProgram({ ...rest, env, file: join(directory, file) });
}

const given = additional.env;

describe('a program of a step trusts the mirror', () => {
  it.each<[string, Program]>([
    ['that heeds the variable and has it', {}],
    [
      'whose configuration says nothing of authorities',
      {
        files: { '/app/.npmrc': 'registry=https://npm.acme.test/\n;cafile=/x\ncache=/x\n' },
      },
    ],
    [
      'whose variables of authorities are empty, as npm 6 makes them for scripts',
      {
        env: { npm_config_ca: '', npm_config_cafile: '' },
      },
    ],
    ['with other tools told of authorities', { env: { SSL_CERT_FILE: '/x', PIP_CERT: '/x' } }],
  ])('%s', async (_, { env, ...rest }) => {
    expect(await trustsMirror(program({ ...rest, env: { ...given, ...env } }), additional)).toBe(
      true,
    );
  });

  it.each<[string, Program]>([
    ['that lost the variable, as under sudo', { env: {} }],
    ['with certificates of its own', { env: { NODE_EXTRA_CA_CERTS: '/etc/acme.pem' } }],
    ['that does not heed the variable, as curl or Node.js 6', { file: 'old', env: given }],
    ['that may not heed it, as it has capabilities', { secure: true, env: given }],
    ['in a root directory of its own', { cwd: null, env: given }],
    ...['npm_config_cafile', 'NPM_CONFIG_CA', 'YARN_CAFILE', 'YARN_HTTPS_CA_FILE_PATH'].map(
      (name): [string, Program] => [`with ${name}`, { env: { ...given, [name]: '/etc/acme.pem' } }],
    ),
    ['with --cafile', { argv: ['npm', 'ci', '--cafile=/x'], env: given }],
    ...(
      [
        ['/app/web/.npmrc', 'cafile=/etc/acme.pem'],
        ['/app/.npmrc', 'registry=https://x/\r\n  cafile = "/etc/acme.pem"'],
        ['/root/.npmrc', 'ca[]="-----BEGIN CERTIFICATE-----"'],
        ['/etc/npmrc', 'ca="x"'],
        ['/usr/local/etc/npmrc', '//npm.acme.test/:cafile=/x'],
        ['/app/.yarnrc', 'cafile "/etc/acme.pem"'],
        ['/.yarnrc.yml', 'httpsCaFilePath: /x'],
        ['/app/web/bunfig.toml', '[install]\ncafile = "x"'],
        ['/app/pnpm-workspace.yaml', 'packages: []\ncafile: x'],
        ['/root/.config/pnpm/rc', 'ca=x'],
      ] as const
    ).map(([path, text]): [string, Program] => [
      `with ${text.split('\n').at(-1)} in ${path}`,
      { files: { [path]: `${text}\n` }, env: given },
    ]),
    [
      'with a named configuration',
      {
        files: { '/opt/npmrc': 'cafile=/x\n' },
        env: { ...given, NPM_CONFIG_USERCONFIG: '/opt/npmrc' },
      },
    ],
    [
      'with a prefix of its own',
      {
        files: { '/opt/etc/npmrc': 'cafile=/x\n' },
        env: { ...given, PREFIX: '/opt' },
      },
    ],
  ])('not one %s', async (_, of) => {
    expect(await trustsMirror(program(of), additional)).toBe(false);
  });

  it('of an old Node.js by what its npm is given, and no other program of it', async () => {
    const old = { file: 'old', env: all.env } as const;
    expect(await trustsMirror(program({ ...old, argv: ['npm'] }), all)).toBe(true);
    const direct = ['node', '/usr/lib/node_modules/npm/bin/npm-cli.js', 'ci'];
    expect(await trustsMirror(program({ ...old, argv: direct }), all)).toBe(true);
    expect(await trustsMirror(program({ ...old, argv: ['node', 'fetch.js'] }), all)).toBe(false);
    expect(await trustsMirror(program({ file: 'old', env: given }), all)).toBe(false);
    const files = { '/app/.npmrc': 'cafile=/x\n' };
    expect(await trustsMirror(program({ ...old, files }), all)).toBe(false);
  });
});

describe('what a step is given', () => {
  it('adds to what programs know, and names nothing that others heed', () => {
    expect(additional.env).toEqual({ NODE_EXTRA_CA_CERTS: '/dev/ashlar/mirror.pem' });
    expect(additional.files).toEqual([
      { guestPath: '/dev/ashlar/mirror.pem', content: certificates.join('') },
    ]);
  });

  it('is for an old Node.js all that a new one knows', () => {
    const [, file] = all.files;
    expect(all.env['npm_config_cafile']).toBe(file?.guestPath);
    expect(all.env['npm_config_ca']).toBe(certificates.join(''));
    expect(file?.content.startsWith(certificates.join(''))).toBe(true);
    expect(file?.content.match(/BEGIN CERTIFICATE/g)?.length).toBeGreaterThan(100);
  });
});
