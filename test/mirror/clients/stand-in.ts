import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createTestAuthority } from '../../support/netns/test-authority.ts';
import type { MirrorStart, MirrorUnderTest } from './mirror-under-test.ts';

/** What the process of a stand-in is told. */
export interface StandInOptions {
  readonly upstream: string;
  readonly publicUrl: string;
  readonly tls: { readonly key: string; readonly cert: string };
}

/** The least that a mirror can be, in a process of its own: what the suite is held to before there is a real one. */
export async function startStandIn(start: MirrorStart): Promise<MirrorUnderTest> {
  const { upstream, hosts, launch, directory } = start;
  const authority = createTestAuthority(hosts);
  await mkdir(directory, { recursive: true });
  const caFile = join(directory, 'ca.pem');
  await writeFile(caFile, authority.ca);
  const publicUrl = `https://${hosts[0]}/`;
  const options: StandInOptions = { upstream, publicUrl, tls: authority };
  const main = join(import.meta.dirname, 'stand-in-main.ts');
  const [file = '', ...args] = launch([process.execPath, main, JSON.stringify(options)]);
  const child = spawn(file, args, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  const exited = once(child, 'exit');
  const signal = AbortSignal.timeout(20_000);
  const [url] = (await Promise.race([
    once(child, 'message', { signal }),
    exited.then(([code]) => Promise.reject(new TypeError(`the stand-in ended with ${code}`))),
  ])) as [string];
  return {
    url,
    caFile,
    async rewriteLockfile(lockfile) {
      let text = await readFile(lockfile, 'utf8');
      for (const host of hosts) text = text.replaceAll(`https://${host}/`, url);
      await writeFile(lockfile, text);
    },
    async [Symbol.asyncDispose]() {
      if (child.connected) child.disconnect();
      await exited;
    },
  };
}
