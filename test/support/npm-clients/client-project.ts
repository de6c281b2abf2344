import { copyFile, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Client } from './clients.ts';

export interface ClientProject {
  readonly directory: string;
  /** Of a project that has the client's lockfile already. */
  readonly lockfileFrom?: string;
  readonly packageJson: string;
}

/** Makes a project directory anew, without anything installed. */
export async function makeProject(client: Client, project: ClientProject): Promise<void> {
  const { directory, packageJson, lockfileFrom } = project;
  await rm(directory, { recursive: true, force: true });
  await mkdir(directory, { recursive: true });
  await writeFile(join(directory, 'package.json'), packageJson);
  const lockfile = join(directory, client.lockfile);
  if (lockfileFrom !== undefined) await copyFile(join(lockfileFrom, client.lockfile), lockfile);
  // By this Yarn 4 knows that a project is none of a workspace further up.
  else if (client.family === 'berry') await writeFile(lockfile, '');
}
