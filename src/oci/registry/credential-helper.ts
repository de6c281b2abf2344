import { AshlarError } from '../../errors/ashlar-error.ts';
import { runCommand, type CommandResult } from '../../process/run-command.ts';
import { fieldOf, optionalStringOf, parseJsonDocument } from '../json-document.ts';
import type { CredentialAnswer } from './credential.ts';

const timeoutMs = 30_000;
const maxAnswerBytes = 1024 * 1024;
const notFound = 'credentials not found in native keychain';
/** The user name that says that the secret is an identity token. */
const identityUser = '<token>';

/**
 * Asks `docker-credential-NAME get` (docker/docker-credential-helpers, README, "Development"): the server's
 * address on its standard input, JSON on its standard output. A helper that is missing, fails or has nothing
 * gives no credential: public images need none, and the problem is shown if the registry asks for one after all.
 */
export async function askCredentialHelper(
  name: string,
  serverUrl: string,
  env: NodeJS.ProcessEnv,
): Promise<CredentialAnswer> {
  const program = `docker-credential-${name}`;
  if (!/^[A-Za-z0-9._-]+$/.test(name)) {
    return { credential: null, problem: 'the name of the credential helper is not a file name' };
  }
  const result = await run(program, serverUrl, env);
  if (typeof result === 'string') return { credential: null, problem: result };
  const said = result.stdout.toString('utf8').trim();
  if (result.exitCode !== 0) {
    if (said.includes(notFound)) return { credential: null, problem: null };
    const words = (said || result.stderr.toString('utf8').trim()).slice(0, 200);
    return { credential: null, problem: `the credential helper ${program} failed: ${words}` };
  }
  return readAnswer(program, result.stdout);
}

async function run(
  program: string,
  serverUrl: string,
  env: NodeJS.ProcessEnv,
): Promise<CommandResult | string> {
  try {
    return await runCommand(program, ['get'], { env, input: serverUrl, timeoutMs });
  } catch (error) {
    if (error instanceof AshlarError && error.code === 'tool_missing') {
      return `the credential helper ${program} is not installed`;
    }
    if (error instanceof DOMException && error.name === 'TimeoutError') {
      return `the credential helper ${program} did not answer in ${timeoutMs / 1000} s`;
    }
    throw error;
  }
}

function readAnswer(program: string, stdout: Buffer): CredentialAnswer {
  // Nothing of the answer may get into a message: it holds the secret.
  const fail = (): AshlarError =>
    new AshlarError('config_invalid', `the credential helper ${program} gave no valid answer`);
  const root = parseJsonDocument(stdout, {
    maxBytes: maxAnswerBytes,
    maxDepth: 8,
    malformed: fail,
    invalid: fail,
  });
  const username = optionalStringOf(fieldOf(root, 'Username')) ?? '';
  const secret = optionalStringOf(fieldOf(root, 'Secret')) ?? '';
  if (secret === '') return { credential: null, problem: null };
  const credential =
    username === identityUser
      ? ({ kind: 'identity', token: secret } as const)
      : ({ kind: 'password', username, password: secret } as const);
  return { credential, problem: null };
}
