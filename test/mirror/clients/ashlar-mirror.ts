import { join } from 'node:path';
import { runChecked } from '../../../src/process/run-command.ts';
import { ashlarProgram, startMirrorProcess } from '../processes/support/mirror-process.ts';
import type { MirrorStart, MirrorUnderTest } from './mirror-under-test.ts';

const url = 'http://127.0.0.1:4873/';

/** `ashlar mirror serve` on its usual port and on 443, with a home of its own. */
export async function startAshlarMirror(start: MirrorStart): Promise<MirrorUnderTest> {
  const { upstream, hosts, launch, directory } = start;
  const mirror = await startMirrorProcess({
    home: join(directory, 'home'),
    listen: ['--listen', '127.0.0.1:4873', '--tls-listen', '127.0.0.1:443'],
    args: ['--upstream', upstream, ...hosts.slice(1).flatMap((host) => ['--host', host])],
    launch,
  });
  const { env } = mirror;
  const said = await runChecked(ashlarProgram, ['mirror', 'env', '--output', 'json'], { env });
  const { environment } = JSON.parse(said.stdout.toString()) as {
    readonly environment: Readonly<Record<string, string>>;
  };
  return {
    url,
    caFile: environment['NODE_EXTRA_CA_CERTS'] ?? '',
    async rewriteLockfile(lockfile) {
      await runChecked(ashlarProgram, ['lockfile', 'rewrite', lockfile, '--mirror', url], { env });
    },
    [Symbol.asyncDispose]: () => mirror[Symbol.asyncDispose](),
  };
}
