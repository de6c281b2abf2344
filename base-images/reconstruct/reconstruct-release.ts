import type { ImageFiles } from '../files/image-files.ts';
import { type MemoryFile, memoryFiles } from '../files/memory-files.ts';
import type { Release } from '../releases/release.ts';
import { type Architecture, machineOf } from './machine.ts';
import { reconstructAccounts } from './reconstruct-accounts.ts';
import { reconstructLayout } from './reconstruct-layout.ts';
import { reconstructLeftovers } from './reconstruct-leftovers.ts';
import { reconstructPackages } from './reconstruct-packages.ts';
import { reconstructSudo } from './reconstruct-sudo.ts';
import type { ReconstructedFile, ReconstructedTree } from './reconstructed-tree.ts';
import type { SudoInstall } from './sudo-install.ts';

export interface ReconstructOptions {
  readonly sudo: SudoInstall;
  /** `amd64` where it is left out. */
  readonly architecture?: Architecture;
}

/**
 * The tree of a release's image as far as the data say what is in it: layout, accounts, package database, sudo and its files,
 * what is there for containers. Its programs are headers alone: nothing in it can be run. Where nobody has seen the
 * release's sudoers file, it is made of the line that includes `/etc/sudoers.d`, in its place.
 */
export function reconstructTree(
  release: Release,
  { sudo, architecture = 'amd64' }: ReconstructOptions,
): ReconstructedTree {
  const machine = machineOf(architecture);
  const install = sudo === 'as-in-image' && !release.sudo.inImage.value ? null : sudo;
  return {
    ...reconstructLayout(release, machine),
    ...reconstructAccounts(release),
    ...reconstructLeftovers(release, machine),
    ...reconstructPackages(release, { machine, install }),
    ...(install === null ? {} : reconstructSudo(release, { machine, install })),
  };
}

/** The same as files to be looked at. */
export function reconstructRelease(release: Release, options: ReconstructOptions): ImageFiles {
  const files = Object.entries(reconstructTree(release, options));
  return memoryFiles(Object.fromEntries(files.map(([path, file]) => [path, memoryFile(file)])));
}

function memoryFile(file: ReconstructedFile): MemoryFile | string {
  if (typeof file === 'string' || !('directory' in file)) return file;
  const { directory: _, ...owned } = file;
  return { ...owned, type: 'directory' };
}
