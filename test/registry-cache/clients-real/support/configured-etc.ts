import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { runChecked } from '../../../../src/process/run-command.ts';
import { ashlarProgram } from './cache-process.ts';
import { filesBelow } from './files-below.ts';

export interface ConfiguredOptions {
  /** A root file system that is made here. */
  readonly root: string;
  readonly env: NodeJS.ProcessEnv;
  /** Options of `configure`, besides those that say where it writes. */
  readonly flags: readonly string[];
}

/** As Debian's packages have it, but for what the test's machine cannot have. */
const own: Readonly<Record<string, readonly [path: string, text: string]>> = {
  containerd: [
    'containerd/config.toml',
    'version = 2\ndisabled_plugins = ["io.containerd.grpc.v1.cri"]\n',
  ],
};

/** In place of what the harness says of registries. */
const bare: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  docker: { 'docker/daemon.json': '{}' },
  podman: { 'containers/registries.conf': 'unqualified-search-registries = []\n' },
};

/** The files below /etc that a client has after `registry-cache configure KIND --write`, by path from there. */
export async function configuredEtc(
  kind: string,
  { root, env, flags }: ConfiguredOptions,
): Promise<Readonly<Record<string, string>>> {
  const etc = join(root, 'etc');
  await mkdir(etc, { recursive: true });
  const file = own[kind];
  if (file !== undefined) {
    await mkdir(dirname(join(etc, file[0])), { recursive: true });
    await writeFile(join(etc, file[0]), file[1]);
  }
  const where = ['--write', '--root-dir', root];
  await runChecked(ashlarProgram, ['registry-cache', 'configure', kind, ...flags, ...where], {
    env,
  });
  return { ...bare[kind], ...filesBelow(etc) };
}
