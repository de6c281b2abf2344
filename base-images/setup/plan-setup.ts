import { catalogue, hasCode } from '../../src/index.ts';
import type { BaseFacts } from '../detect/base-facts.ts';
import type { ImageFiles } from '../files/image-files.ts';
import { createDraft, type Draft, rootsDirectory } from './draft.ts';
import { Obstacle, shownPath } from './obstacle.ts';
import { readRecordIn } from './record/read-record.ts';
import { type Asked, recordPath } from './record/setup-record.ts';
import {
  type Change,
  type PlannedChange,
  type SetupNote,
  type SetupOptions,
  type SetupPlan,
  type SetupRefusal,
  type SetupStepId,
  setupSteps,
} from './setup-plan.ts';
import type { StepContext } from './step-context.ts';
import { planAptMirror } from './steps/apt-mirror.ts';
import { planApt } from './steps/apt.ts';
import { planCa } from './steps/ca.ts';
import { planDockerLeftovers } from './steps/docker-leftovers.ts';
import { planDockerMirror } from './steps/docker-mirror.ts';
import { planHostname, planHosts } from './steps/hostname.ts';
import { ashlarDirectory, planInit } from './steps/init.ts';
import { planMachineId } from './steps/machine-id.ts';
import { planNpm } from './steps/npm.ts';
import { planPip } from './steps/pip.ts';
import { planResolver } from './steps/resolver.ts';
import { planSudoers } from './steps/sudoers.ts';
import { planUser } from './steps/user.ts';
import { checkUid, checkUserName } from './user-name.ts';

/** Raised whenever the same image would be set up otherwise than before: what was kept of earlier setups does not count then. */
export const setupRevision = 3;

export interface PlanSetupRequest {
  readonly files: ImageFiles;
  readonly facts: BaseFacts;
  readonly options: SetupOptions;
}

/**
 * What is to be changed in an image so that it is a machine to work in. Nothing is run and nothing written; what the image has already is
 * left out, so that the plan for an image that is set up has no changes, also where that was asked for a user or for no init and this one is
 * not. What cannot be done is noted, and a refusal where it was asked
 * for; what the image has its own way is kept. Throws `user_name_invalid` and `invalid_request` for a name or uid that nobody can have, and
 * what reading the image throws.
 */
export async function planSetup({ files, facts, options }: PlanSetupRequest): Promise<SetupPlan> {
  if (options.user !== undefined) checkUserName(options.user);
  if (options.uid !== undefined) checkUid(options.uid);
  const askedBefore = (await readRecordIn(files))?.asked ?? {};
  const draft = createDraft(files);
  const notes: SetupNote[] = [];
  const refusals: SetupRefusal[] = [];
  const init = options.init ?? askedBefore.init ?? 'bring';
  const context: StepContext = {
    facts,
    options: init === 'leave' ? { ...options, guest: null } : options,
    askedBefore,
    draft,
    note: (note) => void notes.push(note),
  };
  const attempt = async <T>(step: SetupStepId, work: () => Promise<T>): Promise<T | null> => {
    const takeBack = draft.mark();
    try {
      return await work();
    } catch (error) {
      const obstacle = obstacleOf(error);
      takeBack();
      if (isAskedFor(step, options)) refusals.push(refusalOf(step, obstacle));
      else notes.push(noteOf(step, obstacle));
      return null;
    }
  };

  const hasNothing = facts.family === 'scratch';
  const wanted = (step: SetupStepId): boolean => !hasNothing || isAskedFor(step, options);
  const whatIsWanted = async <T>(step: SetupStepId, work: () => Promise<T>): Promise<T | null> =>
    wanted(step) ? attempt(step, work) : null;
  if (hasNothing) notes.push(nothingThere);
  const user = await whatIsWanted('user', () => planUser(context));
  if (user !== null) await whatIsWanted('sudoers', () => planSudoers(context, user));
  for (const [step, plan] of stepsForMachines) await whatIsWanted(step, () => plan(context));
  await whatIsWanted('init', () => planInit(context, user));
  const asked: Asked = {
    ...askedBefore,
    ...(isAskedFor('user', options) && user !== null ? { user: user.name } : {}),
    init: init === 'leave' ? init : undefined,
  };
  // Without a list of what was changed nothing could be taken out again.
  if (draft.changes.length > 0) {
    const problem = await placeForRecord(draft);
    if (problem !== null) {
      if (setupSteps.some((step) => isAskedFor(step, options)))
        refusals.push(refusalOf('init', problem));
      else notes.push(noteOf('init', problem));
      return { asked, changes: [], notes, refusals, user: null };
    }
  }
  return { asked, changes: await planned(draft.changes, files), notes, refusals, user };
}

/** Whoever works in it; in the order of `setupSteps`. */
const stepsForMachines: readonly (readonly [
  SetupStepId,
  (context: StepContext) => Promise<void>,
])[] = [
  ['ca', planCa],
  ['hostname', planHostname],
  ['hosts', planHosts],
  ['resolver', planResolver],
  ['machine-id', planMachineId],
  ['apt', planApt],
  ['docker-leftovers', planDockerLeftovers],
  ['npm', planNpm],
  ['pip', planPip],
  ['docker-mirror', planDockerMirror],
  ['apt-mirror', planAptMirror],
];

async function planned(changes: readonly Change[], files: ImageFiles): Promise<PlannedChange[]> {
  const all: PlannedChange[] = [];
  for (const change of changes) {
    const isThere = (await files.at(change.path)) !== null;
    const word = change.kind === 'remove' ? 'removed' : isThere ? 'changed' : 'added';
    all.push({ ...change, change: word });
  }
  return all;
}

/** Makes the directory of the record; says why it cannot be. */
async function placeForRecord(draft: Draft): Promise<Obstacle | null> {
  const reason = { step: 'init', why: 'the list of what a setup changed' } as const;
  try {
    await draft.makeDirectory(ashlarDirectory, rootsDirectory, reason);
    const files = await draft.files();
    if ((await files.follow(ashlarDirectory))?.path !== ashlarDirectory)
      throw new Obstacle(`${shownPath(ashlarDirectory)} of the image is behind a link`, {
        of: 'file',
        path: ashlarDirectory,
      });
    const there = await files.at(recordPath);
    if (there !== null && there.type !== 'file')
      throw new Obstacle(`${shownPath(recordPath)} of the image is no file`, { of: 'file' });
    return null;
  } catch (error) {
    return obstacleOf(error);
  }
}

const nothingThere: SetupNote = {
  step: 'user',
  kind: 'skipped',
  what: 'the image stays as it is, but for what was asked for',
  why: 'it holds no distribution: no os-release, no users, no shell',
};

/** Whether an option names this part; the others are done where they can be. */
function isAskedFor(step: SetupStepId, options: SetupOptions): boolean {
  switch (step) {
    case 'user':
      return options.user !== undefined || options.uid !== undefined;
    case 'ca':
      return (options.ca ?? []).length > 0;
    case 'npm':
      return options.npmRegistry !== undefined;
    case 'pip':
      return options.pipIndex !== undefined;
    case 'docker-mirror':
      return options.dockerMirror !== undefined;
    case 'apt-mirror':
      return options.aptMirror !== undefined;
    default:
      return false;
  }
}

function obstacleOf(error: unknown): Obstacle {
  if (error instanceof Obstacle) return error;
  if (hasCode(error, 'base_file_too_large'))
    return new Obstacle(error.message, { of: 'file', hint: error.hint });
  throw error;
}

function noteOf(step: SetupStepId, { message, hint }: Obstacle): SetupNote {
  return { step, kind: 'skipped', what: message, why: hint ?? 'the image cannot have it' };
}

function refusalOf(step: SetupStepId, { message, hint, of, path }: Obstacle): SetupRefusal {
  const code = of === 'file' ? 'base_file_unusable' : 'setup_refused';
  return { step, code, message, hint: hint ?? catalogue[code].hint, path };
}
