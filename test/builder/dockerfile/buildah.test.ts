import { readdir, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunConfig } from '../../../builder/dockerfile/image-config.ts';
import { createTempDir, type TempDir } from '../../../src/disk/temp-dir.ts';
import { runChecked, runCommand } from '../../../src/process/run-command.ts';
import { evaluateBuild } from './build-config.ts';

const corpus = join(import.meta.dirname, 'corpus');
const timeoutMs = 60_000;

/** Files that buildah 1.28 does not build, though Docker's language has all that is in them. */
const notBuilt: Readonly<Record<string, string>> = {
  'escape-backtick-quotes':
    'cuts ENV at quotes with a backslash whatever the escape directive says',
  'heredoc-copy': 'knows no here-documents',
  patterns: 'knows no ${X#p}, ${X%p} and ${X/p/t}',
  'substitution-plain': 'knows no substitution without a colon',
};

/** What buildah 1.28 has otherwise than Docker, by file and field. */
const knownDifferences: Readonly<Record<string, string>> = {
  'args Env': 'a default of ARG does not see the names before it on the line',
  'env-then-arg Labels':
    'ENV beats a later ARG, as in the builder before BuildKit; in BuildKit the later of both counts',
  'escape-backtick Env': 'takes the backslash for the escape character of words in any case',
  'expose-range ExposedPorts': 'keeps a range of ports as one name',
  'shell-instruction Cmd': 'does not use SHELL for CMD',
  'shell-instruction Entrypoint': 'does not use SHELL for ENTRYPOINT',
  'stage-args Env': 'a stage does not inherit the ARGs of the stage it is based on',
  'stage-args Labels': 'a stage does not inherit the ARGs of the stage it is based on',
};

const fields = [
  'Env',
  'User',
  'WorkingDir',
  'Entrypoint',
  'Cmd',
  'Labels',
  'ExposedPorts',
  'Volumes',
  'StopSignal',
  'Healthcheck',
  'Shell',
  'OnBuild',
  'Author',
] as const;

type Fields = Readonly<Record<(typeof fields)[number], unknown>>;

const reason = await whyNot();
let storage: TempDir;
const storageArgs = (): string[] => [
  '--storage-driver=vfs',
  `--root=${join(storage.path, 'root')}`,
  `--runroot=${join(storage.path, 'run')}`,
];

const names = (await readdir(corpus))
  .filter((name) => name.endsWith('.Dockerfile'))
  .map((name) => name.replace('.Dockerfile', ''));

describe.skipIf(reason !== undefined)(`configs against buildah ${reason ?? ''}`, () => {
  beforeAll(async () => {
    storage = await createTempDir(tmpdir(), 'ashlar-buildah');
  });
  afterAll(async () => {
    await storage[Symbol.asyncDispose]();
  });

  it.each(names.filter((name) => !(name in notBuilt)))('%s', async (name) => {
    const theirs = await buildahConfig(name);
    const text = await readFile(join(corpus, `${name}.Dockerfile`), 'utf8');
    const { config } = evaluateBuild(text);
    const ours = fieldsOf({ ...config.config, Author: config.author });
    const different = fields.filter(
      (field) => JSON.stringify(ours[field]) !== JSON.stringify(theirs[field]),
    );
    const known = Object.keys(knownDifferences)
      .filter((key) => key.startsWith(`${name} `))
      .map((key) => key.slice(name.length + 1));
    const shown = different
      .filter((field) => !known.includes(field))
      .map((field) => ({ field, ours: ours[field], theirs: theirs[field] }));
    expect(shown).toEqual([]);
    // A difference that is gone has to leave the list.
    expect(new Set<string>(different)).toEqual(new Set(known));
  });

  it.each(Object.keys(notBuilt))('%s is still more than it can', async (name) => {
    const text = await readFile(join(corpus, `${name}.Dockerfile`), 'utf8');
    expect(evaluateBuild(text).steps.length).toBeGreaterThan(0);
    await expect(buildahConfig(name)).rejects.toThrow(/buildah/);
  });
});

async function buildahConfig(name: string): Promise<Fields> {
  const image = `corpus-${name}`;
  const file = join(corpus, `${name}.Dockerfile`);
  const build = [
    'bud',
    '--quiet',
    '--format=docker',
    '--isolation=chroot',
    '-t',
    image,
    '-f',
    file,
  ];
  await runChecked('buildah', [...storageArgs(), ...build, join(corpus, 'context')], { timeoutMs });
  const inspect = ['inspect', '--type=image', image];
  const { stdout } = await runChecked('buildah', [...storageArgs(), ...inspect], { timeoutMs });
  const { Docker } = JSON.parse(stdout.toString()) as {
    Docker: { config: RunConfig; author?: string };
  };
  return fieldsOf({ ...Docker.config, Author: Docker.author });
}

/** The fields in one form: empty ones are null, keys are sorted, buildah's own label and default directory go. */
function fieldsOf(config: RunConfig & { readonly Author: string | undefined }): Fields {
  const { 'io.buildah.version': _version, ...Labels } = config.Labels ?? {};
  const WorkingDir = config.WorkingDir === '/' ? '' : config.WorkingDir;
  const all: Record<string, unknown> = { ...config, Labels, WorkingDir };
  return Object.fromEntries(
    fields.map((field) => [field, normal(all[field])]),
  ) as unknown as Fields;
}

function normal(value: unknown): unknown {
  if (value === undefined || value === null || value === '') return null;
  if (typeof value !== 'object') return value;
  if (Array.isArray(value)) return value.length === 0 ? null : value;
  const entries = Object.entries(value).sort(([left], [right]) => (left < right ? -1 : 1));
  return entries.length === 0 ? null : Object.fromEntries(entries);
}

async function whyNot(): Promise<string | undefined> {
  if (process.getuid?.() !== 0) return '(skipped: not root)';
  try {
    const { exitCode } = await runCommand('buildah', ['--version']);
    return exitCode === 0 ? undefined : '(skipped: buildah does not start)';
  } catch {
    return '(skipped: buildah is not installed)';
  }
}
