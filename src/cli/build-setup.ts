import { type SetupPlan, setupRevision } from '../../base-images/index.ts';
import type { BuildEvent } from '../../builder/index.ts';
import { type Digest, digestOf } from '../digest/digest.ts';
import { hasCode } from '../errors/has-code.ts';
import { isTreeDamage } from '../image/damage/damage-codes.ts';
import { createStepResults } from '../image/references/step-results.ts';
import {
  planStoredSetup,
  type SetUpImage,
  type SetUpPlace,
  setUpStoredImage,
} from './set-up-stored-image.ts';
import type { SetUpReport } from './setup-report.ts';
import { usualSetup } from './setup-request.ts';

/** The setup of a build, from the look at its base to the finished image. */
export interface BuildSetup {
  /** Says what the setup will not be able to do, unless a step mends it: before the steps, which may take long. */
  lookAtBase(base: Digest): Promise<void>;
  /** Sets up what the last step left. */
  finish(built: Digest): Promise<Digest>;
  /** What was done; null before. */
  readonly done: SetUpImage | null;
}

/** What a setup leaves out is told once, as a warning; a build does not fail for it, as nobody asked for that part. */
export function createBuildSetup(place: SetUpPlace, emit: (event: BuildEvent) => void): BuildSetup {
  const told = new Set<string>();
  let done: SetUpImage | null = null;
  const tell = (messages: readonly string[]): void => {
    for (const message of messages) {
      if (!told.has(message)) emit({ kind: 'warning', rule: 'BaseSetup', message, line: null });
      told.add(message);
    }
  };
  return {
    async lookAtBase(base) {
      const { imageStore, context, ledger } = place;
      const results = createStepResults(imageStore.objects, context.nowMs);
      const key = digestOf(Buffer.from(`setup look ${setupRevision} ${base}`, 'utf8'));
      // Remembered where there was nothing to say.
      if ((await ledger.span('cache', key, () => results.find(key))) !== null) return;
      const plan = await ledger.span('tree', 'base', () => planUnlessDamaged(place, base));
      if (plan === null) return;
      const messages = messagesOf(plan);
      tell(messages);
      if (messages.length === 0) await ledger.span('upload', key, () => results.record(key, base));
    },
    async finish(built) {
      done = await setUpStoredImage(place, built, usualSetup);
      tell(messagesOf(done.report));
      return done.digest;
    },
    get done() {
      return done;
    },
  };
}

/** What is damaged is told by the step that needs it. */
async function planUnlessDamaged(place: SetUpPlace, base: Digest): Promise<SetupPlan | null> {
  try {
    return await planStoredSetup(place, base, { ...usualSetup, init: 'leave' });
  } catch (error) {
    if (isTreeDamage(error) || hasCode(error, 'chunk_missing')) return null;
    throw error;
  }
}

function messagesOf({ notes }: Pick<SetUpReport, 'notes'>): string[] {
  return notes
    .filter(({ kind }) => kind === 'skipped' || kind === 'found')
    .map(({ step, what, why }) => `setup, ${step}: ${what}: ${why}`);
}
