import { copyFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeProject } from '../../support/npm-clients/client-project.ts';
import type { InstalledClient } from '../../support/npm-clients/install-client.ts';
import { listInstalled } from '../../support/npm-clients/installed-tree.ts';
import {
  type ClientOperation,
  type ClientResult,
  runClient,
} from '../../support/npm-clients/run-client.ts';
import type { Launch } from '../../support/npm-registry/registry-process.ts';

/** What a client makes of a project when it speaks with the public registry itself. */
export interface Reference {
  readonly packageJson: string;
  /** Project whose lockfile is the client's own. */
  readonly directory: string;
  readonly lockfile: string;
  /** As `listInstalled` gives it. */
  readonly trees: Readonly<Record<ClientOperation, readonly string[]>>;
}

/** How one install is made. */
export interface Installation {
  readonly installed: InstalledClient;
  readonly operation: ClientOperation;
  readonly packageJson: string;
  /** Made anew. A client's HOME is made beside it, so that no cache is there. */
  readonly directory: string;
  readonly lockfileFrom?: string;
  readonly launch: Launch;
  readonly registry?: string;
  readonly caFile?: string;
  /** Variables besides. */
  readonly env?: Readonly<Record<string, string>>;
  /** Done to the project before the client runs. */
  readonly prepare?: () => Promise<void>;
}

export interface Installed {
  readonly result: ClientResult;
  readonly tree: readonly string[];
  readonly lockfile: string;
}

/** Runs a client that has nothing in its caches. Fails with its words when it fails. */
export async function installWith(installation: Installation): Promise<Installed> {
  const { installed, operation, directory, registry, caFile, lockfileFrom, launch } = installation;
  const { packageJson, env } = installation;
  await makeProject(installed.client, {
    directory,
    packageJson,
    ...(lockfileFrom === undefined ? {} : { lockfileFrom }),
  });
  await installation.prepare?.();
  const result = await runClient(installed, {
    cwd: directory,
    home: `${directory}.home`,
    operation,
    launch,
    timeoutMs: 100_000,
    ...(registry === undefined ? {} : { registry }),
    ...(caFile === undefined ? {} : { caFile }),
    ...(env === undefined ? {} : { env }),
  });
  if (result.exitCode !== 0) {
    throw new TypeError(
      `${installed.client.id} ${operation} ended with ${result.exitCode}:\n${result.output}`,
    );
  }
  const lockfile = await readFile(join(directory, installed.client.lockfile), 'utf8');
  return { result, tree: await listInstalled(directory), lockfile };
}

/** Installs with a lockfile that the client makes, and again from that lockfile alone. */
export async function makeReference(
  straight: Pick<Installation, 'installed' | 'packageJson' | 'launch' | 'caFile'>,
  parent: string,
): Promise<Reference> {
  const { installed, packageJson } = straight;
  const directory = join(parent, `${installed.client.id}-straight`);
  const first = await installWith({ ...straight, operation: 'install', directory });
  const second = await installWith({
    ...straight,
    operation: 'ci',
    directory: `${directory}-ci`,
    lockfileFrom: directory,
  });
  await copyFile(
    join(`${directory}-ci`, installed.client.lockfile),
    join(directory, installed.client.lockfile),
  );
  const trees = { install: first.tree, ci: second.tree };
  return { packageJson, directory, lockfile: first.lockfile, trees };
}
