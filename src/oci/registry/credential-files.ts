import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { AshlarError, systemErrorCode } from '../../errors/ashlar-error.ts';
import {
  fieldOf,
  isPresent,
  objectOf,
  optionalStringOf,
  parseJsonDocument,
  stringMapOf,
  type JsonPlace,
} from '../json-document.ts';
import type { Credential, CredentialAnswer, CredentialLookup } from './credential.ts';
import { askCredentialHelper } from './credential-helper.ts';

/** What `docker login` and `podman login` write (docker/cli, "Configuration files"; containers-auth.json(5)). */
export interface CredentialFile {
  readonly path: string;
  readonly auths: ReadonlyMap<string, Credential>;
  readonly credHelpers: Readonly<Record<string, string>>;
  readonly credsStore: string | null;
}

const maxFileBytes = 1024 * 1024;
const hubKey = 'https://index.docker.io/v1/';

/**
 * Looks credentials up as docker and podman do: `$REGISTRY_AUTH_FILE`; `config.json` in `$DOCKER_CONFIG` or
 * `~/.docker`; `auth.json` in `$XDG_RUNTIME_DIR/containers` and in `$XDG_CONFIG_HOME/containers`. The first file
 * that has something wins; in a file, a credential helper wins over what is written there. Throws
 * `config_invalid` for a file that is there but cannot be read.
 */
export function fileCredentials(env: NodeJS.ProcessEnv): CredentialLookup {
  return async (registry, repository) => {
    const problems: string[] = [];
    for (const path of credentialPaths(env)) {
      const file = await readCredentialFile(path);
      if (file === null) continue;
      const { credential, problem } = await lookUp(file, { registry, repository, env });
      if (credential !== null) return { credential, problem: null };
      if (problem !== null) problems.push(problem);
    }
    return { credential: null, problem: problems.length === 0 ? null : problems.join('; ') };
  };
}

/** Null when there is no such file. */
export async function readCredentialFile(path: string): Promise<CredentialFile | null> {
  const bytes = await readIfThere(path);
  if (bytes === null) return null;
  const fail = (problem: string): AshlarError =>
    new AshlarError('config_invalid', `the credentials in ${path}: the file ${problem}`, {
      data: { path },
    });
  // The problems found in JSON quote it: nothing of this file may reach a log.
  const root = parseJsonDocument(bytes, {
    maxBytes: maxFileBytes,
    maxDepth: 16,
    malformed: () => fail('is not valid JSON, or larger than 1 MiB'),
    invalid: () => fail('has a field of the wrong type'),
  });
  return {
    path,
    auths: authsOf(fieldOf(root, 'auths')),
    credHelpers: stringMapOf(fieldOf(root, 'credHelpers')),
    credsStore: optionalStringOf(fieldOf(root, 'credsStore')),
  };
}

function credentialPaths(env: NodeJS.ProcessEnv): readonly string[] {
  const home = env['HOME'] || homedir();
  const explicit = env['REGISTRY_AUTH_FILE'];
  const runtime = env['XDG_RUNTIME_DIR'];
  return [
    ...(explicit ? [explicit] : []),
    join(env['DOCKER_CONFIG'] || join(home, '.docker'), 'config.json'),
    ...(runtime ? [join(runtime, 'containers', 'auth.json')] : []),
    join(env['XDG_CONFIG_HOME'] || join(home, '.config'), 'containers', 'auth.json'),
  ];
}

interface Wanted {
  readonly registry: string;
  readonly repository: string;
  readonly env: NodeJS.ProcessEnv;
}

async function lookUp(file: CredentialFile, wanted: Wanted): Promise<CredentialAnswer> {
  const { registry, repository, env } = wanted;
  const keys = registryKeys(registry);
  const own = keys.find((key) => Object.hasOwn(file.credHelpers, key));
  const helper = own === undefined ? file.credsStore : (file.credHelpers[own] ?? null);
  let problem: string | null = null;
  if (helper !== null && helper !== '') {
    const serverUrl = registry === 'docker.io' ? hubKey : registry;
    const answer = await askCredentialHelper(helper, serverUrl, env);
    if (answer.credential !== null) return answer;
    problem = answer.problem;
  }
  const found = keysFor(keys, repository).flatMap((key) => file.auths.get(key) ?? [])[0];
  return { credential: found ?? null, problem };
}

/** Podman's files may name a part of a registry: the longest key wins. */
function keysFor(registries: readonly string[], repository: string): readonly string[] {
  const parts = repository.split('/');
  const paths = parts.map((_, index) => `/${parts.slice(0, parts.length - index).join('/')}`);
  return [...paths, ''].flatMap((path) => registries.map((registry) => `${registry}${path}`));
}

function registryKeys(registry: string): readonly string[] {
  return registry === 'docker.io'
    ? ['docker.io', 'index.docker.io', 'registry-1.docker.io']
    : [registry];
}

function authsOf(place: JsonPlace): ReadonlyMap<string, Credential> {
  const auths = new Map<string, Credential>();
  if (!isPresent(place)) return auths;
  for (const key of Object.keys(objectOf(place))) {
    const entry = fieldOf(place, key);
    const credential = isPresent(entry) ? credentialOf(entry) : null;
    if (credential !== null) auths.set(normaliseKey(key), credential);
  }
  return auths;
}

/** `https://host/v1/` and `host` mean the same; a path counts only in keys without a scheme. */
function normaliseKey(key: string): string {
  const bare = key.replace(/^https?:\/\//, '');
  const isUrl = bare !== key;
  const [host = '', ...path] = bare.replace(/\/+$/, '').split('/');
  const isApi = path.length === 1 && /^v[12]$/.test(path[0] ?? '');
  return [host.toLowerCase(), ...(isUrl || isApi ? [] : path)].join('/');
}

function credentialOf(place: JsonPlace): Credential | null {
  const text = (name: string): string => optionalStringOf(fieldOf(place, name)) ?? '';
  const token = text('identitytoken');
  if (token !== '') return { kind: 'identity', token };
  const decoded = Buffer.from(text('auth'), 'base64').toString('utf8');
  const colon = decoded.indexOf(':');
  if (colon > 0) {
    const username = decoded.slice(0, colon);
    const password = decoded.slice(colon + 1).replaceAll('\0', '');
    return { kind: 'password', username, password };
  }
  const [username, password] = [text('username'), text('password')];
  return username === '' ? null : { kind: 'password', username, password };
}

async function readIfThere(path: string): Promise<Buffer | null> {
  try {
    return await readFile(path);
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return null;
    if (code === undefined) throw error;
    throw new AshlarError('config_invalid', `the credentials in ${path} cannot be read (${code})`, {
      data: { path },
      cause: error,
    });
  }
}
