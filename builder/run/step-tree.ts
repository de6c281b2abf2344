import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { AshlarError, systemErrorCode } from '../../src/index.ts';
import { kernelMountPoints, type BindMount } from './container-config.ts';
import type { MountPoint } from './mount-points.ts';
import { nameFilePaths } from './name-files.ts';
import type { ExtraMount } from './run-step-options.ts';
import { mountOverlay, scratchDirectories } from './step-mounts.ts';
import type { StepNamespace } from './step-namespace.ts';

/** The mounted tree of a step, and what the container binds into it. */
export interface StepTree {
  readonly binds: readonly BindMount[];
  readonly notices: readonly string[];
}

type WantedBind = Omit<BindMount, 'destination'> & MountPoint & { readonly required: boolean };

/**
 * Mounts the overlay with a place for every mount of the container. A name file whose way leads through a file of the image is
 * left out with a notice; an extra mount there throws `step_failed`, and `invalid_request` where the host has no such path.
 */
export async function mountStepTree(
  namespace: StepNamespace,
  directory: string,
  extraMounts: readonly ExtraMount[],
): Promise<StepTree> {
  const wanted = [...nameBinds(directory), ...(await Promise.all(extraMounts.map(extraBind)))];
  const kernel = kernelMountPoints.map((guestPath) => ({ guestPath, kind: 'directory' }) as const);
  const plan = await mountOverlay({ namespace, directory, mountPoints: [...wanted, ...kernel] });
  const binds: BindMount[] = [];
  const notices: string[] = [];
  for (const [index, { guestPath, source, access, required }] of wanted.entries()) {
    const destination = plan.places[index];
    if (destination !== undefined) binds.push({ source, destination, access });
    else if (required) throw unreachable(guestPath);
    else notices.push(`${guestPath} is not provided: ${pathIsBlocked}`);
  }
  return { binds, notices };
}

const pathIsBlocked = 'a part of its path is no directory of the image';

function nameBinds(directory: string): readonly WantedBind[] {
  return Object.entries(nameFilePaths).map(([name, guestPath]) => ({
    source: join(directory, scratchDirectories.files, name),
    guestPath,
    kind: 'file',
    access: 'read-write',
    required: false,
  }));
}

async function extraBind({ hostPath, guestPath }: ExtraMount): Promise<WantedBind> {
  try {
    const isDirectory = (await stat(hostPath)).isDirectory();
    const kind = isDirectory ? 'directory' : 'file';
    return { source: hostPath, guestPath, kind, access: 'read-only', required: true };
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === undefined) throw error;
    throw new AshlarError('invalid_request', `cannot mount ${hostPath} into the step: ${code}`, {
      data: { path: hostPath },
      cause: error,
    });
  }
}

function unreachable(guestPath: string): AshlarError {
  return new AshlarError('step_failed', `cannot mount at ${guestPath}: ${pathIsBlocked}`, {
    data: { path: guestPath },
  });
}
