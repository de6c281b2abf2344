import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  AshlarError,
  createTarReader,
  defaultTarLimits,
  type Digest,
  type FileTree,
  type ImageConfig,
  type Json,
} from '../../src/index.ts';
import { applyLayer } from '../import/apply-layer.ts';
import type { RunStep } from '../dockerfile/step.ts';
import type { ExtraMount } from '../run/run-step-options.ts';
import { type RunStepResult, withRunStep } from '../run/run-step.ts';
import type { BuildSession } from './build-session.ts';
import { explainStepFailure } from './explain-step-failure.ts';
import { injectMirror, type InjectedMirror } from './inject-mirror.ts';
import { ledgerSubject } from './ledger-subject.ts';
import type { StageDisk } from './stage-disk.ts';
import { adoptKnown, recordStep, type StageImage } from './stage-image.ts';
import { stepKeyOf } from './step-key.ts';
import { warnOfStep } from './step-warnings.ts';
import { type OutputTail, tailOfOutput } from './tail-of-output.ts';

export interface RunRequest {
  readonly session: BuildSession;
  readonly step: RunStep;
  readonly number: number;
  readonly target: StageImage;
  readonly disk: StageDisk;
  readonly config: ImageConfig;
  readonly latestSec: number | null;
  readonly provenance: Json;
}

/** What a step may unpack to: as much as its disk took. */
const maxDiffBytes = 1024 ** 4;

/**
 * Runs a RUN: the command in a container above the stage's image, then what it changed becomes the next image. A failure
 * has the last output in its data. Throws `step_failed` when the command fails, and the codes of `withRunStep`.
 */
export async function runStepOnImage(
  request: RunRequest,
): Promise<{ outcome: 'cached' | 'done'; digest: Digest }> {
  const { session, step, target, config, latestSec } = request;
  const parent = target.digestWith(config);
  const key = stepKeyOf({ parent, cacheText: step.cacheText, inputs: null, latestSec });
  if (await adoptKnown(session, target, key)) {
    return { outcome: 'cached', digest: target.image.digest };
  }
  const output = tailOfOutput();
  const mirror = await injectMirror(request);
  try {
    await runCommandOnTree(request, { output, mirror });
  } catch (error) {
    throw await explainStepFailure(request, error, { output: output.text(), mirror });
  }
  const digest = await target.commit(config, request.provenance);
  await recordStep(session, [key], digest);
  return { outcome: 'done', digest };
}

interface StepSurroundings {
  readonly output: OutputTail;
  readonly mirror: InjectedMirror | null;
}

async function runCommandOnTree(
  request: RunRequest,
  { output, mirror }: StepSurroundings,
): Promise<void> {
  const { session, step, target } = request;
  const { ledger } = session;
  const parentDisk = await request.disk.holding(target.image);
  const inline = await writeInlineFiles(request);
  const tree = await target.tree();
  const { limits, network, mounts, env } = session.runs;
  const run = {
    workRoot: session.workRoot,
    parentDisk,
    argv: step.argv,
    env: { ...env, ...mirror?.env, ...step.env },
    workdir: step.workdir,
    user: step.user,
    limits: { ...limits, upperBytes: limits.upperBytes ?? target.image.root.diskBytes },
    network,
    extraMounts: [...mounts, ...(mirror?.mounts ?? []), ...inline],
    ...(mirror === null ? {} : { taken: mirror.door.taken }),
    onOutput(stream: 'stdout' | 'stderr', chunk: Buffer): void {
      output.push(chunk);
      session.emit({ kind: 'step-output', step: request.number, stream, chunk });
    },
    signal: session.signal,
  };
  const subject = ledgerSubject(step);
  let usedMs = ledger.nowMs();
  await withRunStep(run, async (result) => {
    const { mountMs, execMs } = result.timings;
    const execStartMs = ledger.nowMs() - execMs;
    ledger.add('mount', subject, { startMs: execStartMs - mountMs, durationMs: mountMs });
    ledger.add('exec', subject, { startMs: execStartMs, durationMs: execMs });
    warnOfStep(session, step.range.firstLine, result);
    if (result.exitCode !== 0) throw stepFailed(step, result);
    await ledger.span('diff', subject, () => applyDiff(request, result, tree));
    usedMs = ledger.nowMs();
  });
  ledger.add('cleanup', subject, { startMs: usedMs, durationMs: ledger.nowMs() - usedMs });
}

async function applyDiff(
  request: RunRequest,
  result: RunStepResult,
  tree: FileTree,
): Promise<void> {
  const { session, step, latestSec } = request;
  const label = `line ${step.range.firstLine}`;
  await using reader = createTarReader(result.diffStream(), { limits: defaultTarLimits, label });
  try {
    await applyLayer({
      tree,
      reader,
      dialect: 'overlay',
      intake: session.intake,
      label,
      maxContentBytes: maxDiffBytes,
      ...(latestSec === null ? {} : { latestSec }),
    });
  } catch (error) {
    throw beyondLimits(error);
  }
}

/** No archive from outside, but files of the command that are too deep, too large or too many. */
function beyondLimits(error: unknown): unknown {
  if (!(error instanceof AshlarError) || error.code !== 'layer_hostile') return error;
  const message = `what the command left is more than an image can hold: ${error.message}`;
  return new AshlarError('image_too_large', message, {
    data: error.data,
    cause: error,
    hint: 'Remove in the same RUN what is not meant to be in the image.',
  });
}

/** Where they lie is removed by the next build, should this process be killed. */
async function writeInlineFiles({ step, disk, number }: RunRequest): Promise<ExtraMount[]> {
  const mounts: ExtraMount[] = [];
  for (const [index, file] of step.inlineFiles.entries()) {
    const hostPath = join(await disk.directory(), `inline-${number}-${index}`);
    await writeFile(hostPath, file.content);
    await chmod(hostPath, file.mode);
    mounts.push({ hostPath, guestPath: file.path });
  }
  return mounts;
}

function stepFailed(step: RunStep, { exitCode }: RunStepResult): AshlarError {
  const [first = ''] = step.original.split('\n');
  const shown = first.length > 200 ? `${first.slice(0, 200)}...` : first;
  return new AshlarError('step_failed', `the command ended with exit code ${exitCode}: ${shown}`, {
    data: { exitCode },
  });
}
