import type { WorkdirStep } from '../dockerfile/step.ts';
import { resolveUser } from '../run/resolve-user.ts';
import type { BuildSession } from './build-session.ts';
import type { Owner } from './put-files.ts';
import { readTreeText } from './read-tree-text.ts';
import type { StageImage } from './stage-image.ts';

/** The owner of a directory that WORKDIR makes; undefined for root. */
export async function workdirOwner(
  session: BuildSession,
  target: StageImage,
  step: WorkdirStep,
): Promise<Owner | undefined> {
  if (step.owner === '') return undefined;
  return resolveUser(step.owner, {
    passwd: await readTreeText(session, target, 'etc/passwd'),
    group: await readTreeText(session, target, 'etc/group'),
  });
}
