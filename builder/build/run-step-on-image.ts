import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  AshlarError,
  createTarReader,
  createTempDir,
  defaultTarLimits,
  type Digest,
  type ImageConfig,
  type Json,
} from '../../src/index.ts';
import { applyLayer } from '../import/apply-layer.ts';
import type { RunStep } from '../dockerfile/step.ts';
import type { ExtraMount } from '../run/run-step-options.ts';
import { type RunStepResult, withRunStep } from '../run/run-step.ts';
import type { BuildSession } from './build-session.ts';
import { adoptKnown } from './copy-step.ts';
import type { StageDisk } from './stage-disk.ts';
import type { StageImage } from './stage-image.ts';
import { stepKeyOf } from './step-key.ts';
import { tailOfOutput } from './tail-of-output.ts';

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
 * Runs a RUN: the command in a container above the stage's image, then what it changed becomes the next image. Throws
 * `step_failed` with the last output when the command fails, and the codes of `withRunStep`.
 */
export async function runStepOnImage(
  request: RunRequest,
): Promise<{ outcome: 'cached' | 'done'; digest: Digest }> {
  const { session, step, target, config, latestSec } = request;
  const parent = target.digestWith(config);
  const key = stepKeyOf({ parent, cacheText: step.cacheText, inputs: null, latestSec });
  if (await adoptKnown(session, target, key))
    return { outcome: 'cached', digest: target.image.digest };
  const parentDisk = await request.disk.holding(target.image);
  const output = tailOfOutput();
  await using files = await createTempDir(session.workRoot, 'inline');
  const inline = await writeInlineFiles(step, files.path);
  const tree = await target.tree();
  const onOutput = (stream: 'stdout' | 'stderr', chunk: Buffer): void => {
    output.push(chunk);
    session.emit({ kind: 'step-output', step: request.number, stream, chunk });
  };
  const { limits, network, mounts, env } = session.runs;
  const upperBytes = limits.upperBytes ?? target.image.root.diskBytes;
  const run = {
    workRoot: session.workRoot,
    parentDisk,
    argv: step.argv,
    env: { ...env, ...step.env },
    workdir: step.workdir,
    user: step.user,
    limits: { ...limits, upperBytes },
    network,
    extraMounts: [...mounts, ...inline],
    onOutput,
    signal: session.signal,
  };
  try {
    await withRunStep(run, async (result) => {
      session.ledger.add('mount', step.original, result.timings.mountMs);
      session.ledger.add('exec', step.original, result.timings.execMs);
      if (result.exitCode !== 0) throw stepFailed(step, result);
      await session.ledger.span('diff', step.original, async () => {
        const label = `line ${step.range.firstLine}`;
        await using reader = createTarReader(result.diffStream(), {
          limits: defaultTarLimits,
          label,
        });
        const clamp = latestSec === null ? {} : { latestSec };
        await applyLayer({
          tree,
          reader,
          dialect: 'overlay',
          intake: session.intake,
          label,
          maxContentBytes: maxDiffBytes,
          ...clamp,
        });
      });
    });
  } catch (error) {
    throw withOutput(error, step, output.text());
  }
  const digest = await target.commit(config, request.provenance);
  await session.stepResults.record(key, digest);
  return { outcome: 'done', digest };
}

async function writeInlineFiles(step: RunStep, directory: string): Promise<ExtraMount[]> {
  const mounts: ExtraMount[] = [];
  for (const [index, file] of step.inlineFiles.entries()) {
    const hostPath = join(directory, String(index));
    await writeFile(hostPath, file.content);
    await chmod(hostPath, file.mode);
    mounts.push({ hostPath, guestPath: file.path });
  }
  return mounts;
}

function stepFailed(step: RunStep, result: RunStepResult): AshlarError {
  const { exitCode } = result;
  return new AshlarError(
    'step_failed',
    `the command ended with exit code ${exitCode}: ${shortened(step)}`,
    {
      data: { exitCode },
    },
  );
}

/** Adds to a failure which line it was and what the command said last. */
function withOutput(error: unknown, step: RunStep, output: string): unknown {
  if (!(error instanceof AshlarError)) return error;
  const line = step.range.firstLine;
  return new AshlarError(error.code, `line ${line}: ${error.message}`, {
    data: { ...error.data, line, instruction: step.original, output },
    hint: error.hint,
    cause: error,
  });
}

function shortened(step: RunStep): string {
  const [first = ''] = step.original.split('\n');
  return first.length > 200 ? `${first.slice(0, 200)}...` : first;
}
