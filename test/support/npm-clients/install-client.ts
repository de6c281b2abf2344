import { createHash } from 'node:crypto';
import { access, mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createTempDir } from '../../../src/disk/temp-dir.ts';
import { systemErrorCode } from '../../../src/errors/ashlar-error.ts';
import { runCommand } from '../../../src/process/run-command.ts';
import { testCacheDir } from '../npm-registry/cache-dir.ts';
import type { Client } from './clients.ts';

/** A client that is there: the start of its command line. */
export interface InstalledClient {
  readonly client: Client;
  readonly argv: readonly string[];
  /** Holds the `node` that the client finds in PATH. */
  readonly nodeDir: string;
}

const timeoutMs = 180_000;

/** Installs a client into the test cache, once; a string says why that was not possible. */
export async function installClient(client: Client): Promise<InstalledClient | string> {
  const hash = createHash('sha256').update(client.packages.join()).digest('hex').slice(0, 8);
  const directory = join(testCacheDir(), 'npm-clients', `${client.id}-${client.version}-${hash}`);
  if (!(await isThere(join(directory, 'package.json')))) {
    const failure = await makeDirectory(client, directory);
    if (failure !== null) return failure;
  }
  const program = join(directory, client.program);
  const node = client.node === null ? process.execPath : join(directory, client.node);
  for (const file of [program, node]) {
    if (!(await isThere(file))) return `${client.packages.join(', ')} came without ${file}`;
  }
  const argv = program.endsWith('js') ? [node, program] : [program];
  return { client, argv, nodeDir: join(node, '..') };
}

/** Installed beside its place and moved there whole; null, or why it failed. */
async function makeDirectory(client: Client, directory: string): Promise<string | null> {
  const parent = join(directory, '..');
  await mkdir(parent, { recursive: true });
  await using making = await createTempDir(parent, 'making');
  const made = join(making.path, 'client');
  await mkdir(made);
  await writeFile(join(made, 'package.json'), '{"private":true}\n');
  const quiet = ['--ignore-scripts', '--no-audit', '--no-fund', '--no-save', '--loglevel=error'];
  const installed = await runCommand('npm', ['install', ...quiet, ...client.packages], {
    cwd: made,
    timeoutMs,
  });
  if (installed.exitCode !== 0) {
    return `npm cannot install ${client.packages.join(', ')}: ${installed.stderr.toString().slice(-500)}`;
  }
  try {
    await rename(made, directory);
  } catch (error) {
    // Another process was first.
    if (!['ENOTEMPTY', 'EEXIST'].includes(systemErrorCode(error) ?? '')) throw error;
  }
  return null;
}

async function isThere(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return false;
    throw error;
  }
}
