import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCommand } from '../../../src/process/run-command.ts';
import type { Launch } from '../npm-registry/registry-process.ts';

/** A network of its own with nothing but loopback, and its own /etc/hosts. Processes that are left in it lose it when it is disposed. */
export interface NetworkNamespace extends AsyncDisposable {
  /** Makes a command run inside. It begins in `/`. */
  readonly launch: Launch;
}

export interface NamespaceOptions {
  /** Names that are 127.0.0.1 inside; no others are known there. */
  readonly hosts: readonly string[];
}

/** Why no namespace can be made here, or null. */
export async function whyNoNetworkNamespace(): Promise<string | null> {
  if (process.getuid?.() !== 0) return 'needs root';
  const tried = await runCommand('unshare', ['--net', '--mount', 'ip', 'link', 'show', 'lo']);
  return tried.exitCode === 0 ? null : `no network namespace: ${tried.stderr.toString().trim()}`;
}

export async function openNetworkNamespace(options: NamespaceOptions): Promise<NetworkNamespace> {
  await using stack = new AsyncDisposableStack();
  const directory = await mkdtemp(join(tmpdir(), 'ashlar-netns-'));
  stack.defer(() => rm(directory, { recursive: true, force: true }));
  const lines = ['localhost', ...options.hosts].map((host) => `127.0.0.1 ${host}\n`);
  await writeFile(join(directory, 'hosts'), lines.join(''));
  await writeFile(join(directory, 'resolv.conf'), 'nameserver 127.0.0.1\noptions attempts:1\n');
  // Ends with this process, also when that is killed.
  const bound = ['--pdeathsig', 'KILL', 'unshare', '--net', '--mount'];
  const shell = ['sh', '-euc', holderScript, 'sh', directory];
  const holder = spawn('setpriv', [...bound, ...shell], { stdio: ['ignore', 'pipe', 'pipe'] });
  stack.defer(async () => {
    if (holder.exitCode !== null || holder.signalCode !== null) return;
    const exited = once(holder, 'exit');
    holder.kill('SIGKILL');
    await exited;
  });
  const complaints: Buffer[] = [];
  holder.stderr.on('data', (part: Buffer) => void complaints.push(part));
  const [said] = (await Promise.race([
    once(holder.stdout, 'data', { signal: AbortSignal.timeout(10_000) }),
    once(holder, 'close').then(() => [Buffer.concat(complaints)]),
  ])) as [Buffer];
  if (said.toString() !== 'ready\n')
    throw new TypeError(`no network namespace: ${said.toString()}`);
  const enter = ['nsenter', `--target=${holder.pid}`, '--net', '--mount', '--'];
  const owned = stack.move();
  return {
    launch: (command) => [...enter, ...command],
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

const holderScript = `
ip link set lo up
mount --bind "$1/hosts" /etc/hosts
mount --bind "$1/resolv.conf" "$(readlink -f /etc/resolv.conf)"
echo ready
exec sleep infinity
`;
