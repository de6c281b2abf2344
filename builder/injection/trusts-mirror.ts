import type { FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { StepProcess } from '../run/step-processes.ts';
import {
  additiveVariable,
  type GivenCertificates,
  replacingVariable,
} from './given-certificates.ts';

/**
 * Whether a program of a step believes the mirror's certificates. Whatever does not is led to the registry itself, as curl, git,
 * or an npm whose configuration names other authorities: to these a mirror would be a stranger. Told by what the program
 * is and has, so that it is right whatever a step installs, sets or writes on its way.
 */
export async function trustsMirror(
  process: StepProcess,
  { env: given }: GivenCertificates,
): Promise<boolean> {
  const [environment, argv, cwd] = await Promise.all([
    process.environment(),
    process.argv(),
    process.workingDirectory(),
  ]);
  if (environment === null || argv === null || cwd === null) return false;
  if (await process.isSecure()) return false;
  const hasGiven = (name: string): boolean =>
    given[name] !== undefined && environment.get(name) === given[name];
  const others = [...environment].filter(([name]) => !hasGiven(name));
  if (others.some(([name, value]) => value !== '' && ownAuthorities.test(name))) return false;
  if (argv.some((word) => /^--(?:ca|cafile)(?:=|$)/.test(word))) return false;
  if (await namesAuthorities(process, { environment, cwd })) return false;
  if (hasGiven(additiveVariable) && (await speaksOf(process, additiveVariable))) return true;
  return hasGiven(replacingVariable) && argv.slice(0, 2).some((word) => packageClient.test(word));
}

/** A program or script, or what npm calls itself while it runs. */
const packageClient = /(?:^|\/)(?:npm|npm-cli\.js|yarn|yarn\.js)(?: |$)/;

/** Variables with which somebody says whom to trust instead. */
const ownAuthorities =
  /^(?:npm_config_(?:ca|cafile)|yarn_cafile|yarn_(?:https_)?ca_file_path|bun_config_ca(?:file)?)$/i;

/** The same in configuration files of npm, pnpm, yarn (1, berry) and bun. */
export const ownAuthoritiesLine =
  /^[ \t]*"?(?:\/\/[^\n=]*:)?(?:ca|cafile|httpsCaFilePath|caFilePath)(?:\[\])?"?(?:[ \t]*[=:]|[ \t])[ \t]*\S/m;

const filesOfProjects = [
  '.npmrc',
  '.yarnrc',
  '.yarnrc.yml',
  'bunfig.toml',
  '.bunfig.toml',
  'pnpm-workspace.yaml',
];
const maxFileBytes = 256 * 1024;
/** A directory that lies deeper is none that a project is in. */
const maxDepth = 32;
/** A step may name any number of them. */
const maxConfigurations = 400;
const configurationsAtOnce = 16;

/** A file that is too large to be one of these counts as one that names them. */
async function namesAuthorities(
  process: StepProcess,
  { environment, cwd }: { environment: ReadonlyMap<string, string>; cwd: string },
): Promise<boolean> {
  const home = environment.get('HOME') ?? '/root';
  const prefixes = [
    '',
    '/usr',
    '/usr/local',
    ...valuesOf(environment, /^(?:prefix|npm_config_prefix)$/i),
  ];
  const paths = [
    ...[...ancestorsOf(cwd), home].flatMap((directory) =>
      filesOfProjects.map((name) => join(directory, name)),
    ),
    ...prefixes.map((prefix) => `${prefix}/etc/npmrc`),
    ...valuesOf(environment, /^npm_config_(?:user|global)config$/i),
    join(environment.get('XDG_CONFIG_HOME') ?? join(home, '.config'), 'pnpm/rc'),
  ].filter((path) => path.startsWith('/'));
  const files = [...new Set(paths)];
  if (files.length > maxConfigurations) return true;
  for (let at = 0; at < files.length; at += configurationsAtOnce) {
    const some = files.slice(at, at + configurationsAtOnce);
    const texts = await Promise.all(some.map((path) => process.readText(path, maxFileBytes)));
    if (texts.some((text) => text !== null && ownAuthoritiesLine.test(text))) return true;
  }
  return false;
}

function valuesOf(environment: ReadonlyMap<string, string>, name: RegExp): readonly string[] {
  return [...environment].flatMap(([key, value]) => (name.test(key) ? [value] : []));
}

function ancestorsOf(directory: string): readonly string[] {
  const found = [directory];
  for (let at = directory; at !== '/' && found.length < maxDepth; found.push(at)) at = dirname(at);
  return found;
}

const blockBytes = 1024 * 1024;
const maxProgramBytes = 1024 ** 3;

/** Whether the name of a variable is in the program, or in the library that Debian keeps Node.js in: then it is heeded. */
async function speaksOf(process: StepProcess, variable: string): Promise<boolean> {
  const files = await process.openProgram('/libnode.so');
  try {
    for (const file of files) if (await holds(file, Buffer.from(variable))) return true;
    return false;
  } finally {
    await Promise.all(files.map((file) => file.close()));
  }
}

async function holds(file: FileHandle, wanted: Buffer): Promise<boolean> {
  const buffer = Buffer.allocUnsafe(blockBytes);
  const step = blockBytes - wanted.length;
  for (let position = 0; position < maxProgramBytes; position += step) {
    const { bytesRead } = await file.read(buffer, 0, blockBytes, position);
    if (buffer.subarray(0, bytesRead).includes(wanted)) return true;
    if (bytesRead < blockBytes) return false;
  }
  return false;
}
