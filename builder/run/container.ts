import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { AshlarError } from '../../src/index.ts';
import { readProcessStatus } from './process-identity.ts';
import type { StepNamespace } from './step-namespace.ts';
import type { StepPipes } from './step-output.ts';
import { requireOneTool, toolEnvironment } from './tool-environment.ts';

export const ociRuntimes = ['crun', 'runc'] as const;
export type OciRuntime = (typeof ociRuntimes)[number];

export interface ContainerPlace {
  readonly namespace: StepNamespace;
  readonly directory: string;
  readonly id: string;
  readonly runtime: OciRuntime;
}

/** A container that waits to be started. */
export interface CreatedContainer {
  /** Its first process, by the numbers of the step's pid namespace. */
  readonly pid: number;
}

/** How a container's first process ended. */
export interface ContainerExit {
  /** 128 and the signal's number when a signal ended it, as a shell counts. */
  readonly exitCode: number;
  readonly signalNumber: number | undefined;
}

/** The runtime did not make the container; `words` is what it said. */
export class ContainerCreateError extends Error {
  readonly words: string;
  constructor(runtime: string, words: string) {
    super(`${runtime} create failed: ${words}`);
    this.name = 'ContainerCreateError';
    this.words = words;
  }
}

export async function findOciRuntime(): Promise<OciRuntime> {
  return requireOneTool(ociRuntimes, 'Install the package crun (or runc).');
}

/**
 * Makes the container from `config`, its output going to `pipes`. `create` and `start` instead of `run`,
 * because the runtime removes the cgroup at the end of a `run`, and with it the counters that tell why a step failed.
 */
export async function createContainer(
  place: ContainerPlace,
  config: object,
  pipes: StepPipes,
): Promise<CreatedContainer> {
  const { namespace, directory, id, runtime } = place;
  await writeFile(join(directory, 'config.json'), JSON.stringify(config));
  const argv = [...runtimeCommand(place), 'create', '--bundle', directory];
  const [file, args] = namespace.enter([
    ...argv,
    '--pid-file',
    join(directory, 'container.pid'),
    id,
  ]);
  const child = spawn(file, args, {
    env: toolEnvironment(),
    stdio: ['ignore', pipes.writers.stdout, pipes.writers.stderr],
  });
  pipes.closeWriters();
  const [exitCode] = (await once(child, 'close')) as [number | null];
  if (exitCode !== 0) throw new ContainerCreateError(runtime, await wordsOf(pipes));
  return { pid: Number(await readFile(join(directory, 'container.pid'), 'latin1')) };
}

export async function startContainer(place: ContainerPlace): Promise<void> {
  const result = await place.namespace.run([...runtimeCommand(place), 'start', place.id]);
  if (result.exitCode !== 0) {
    const words = result.stderr.toString('utf8').trim();
    throw new AshlarError('internal', `${place.runtime} start failed: ${words}`, {
      data: { tool: place.runtime, stderr: words },
    });
  }
}

/**
 * Waits for the container's first process. Call it when the output has ended: by then the process is dead, as the
 * kernel ends it after all others of its namespace, unless the step closed its output itself. The runtime
 * that made the process is gone and the keeper does not wait, so it stays a zombie whose status can be read.
 * Gives undefined when the step's namespace has ended.
 */
export async function waitForContainer(
  place: ContainerPlace,
  container: CreatedContainer,
): Promise<ContainerExit | undefined> {
  const path = place.namespace.outside(`/proc/${container.pid}/stat`);
  for (let waitMs = 1; ; waitMs = Math.min(200, waitMs * 2)) {
    const status = await readProcessStatus(path);
    if (status === undefined) return undefined;
    if (status.state === 'Z') return exitOf(status.waitStatus);
    await delay(waitMs);
  }
}

/** Form of the status: wait(2), as the macros of sys/wait.h read it. */
function exitOf(waitStatus: number): ContainerExit {
  const signalNumber = waitStatus & 0x7f;
  if (signalNumber === 0) return { exitCode: (waitStatus >> 8) & 0xff, signalNumber: undefined };
  return { exitCode: 128 + signalNumber, signalNumber };
}

/** The variable keeps the copy that a runtime makes of itself out of the host's /tmp. */
function runtimeCommand({ runtime, directory }: ContainerPlace): readonly string[] {
  const state = join(directory, 'runtime');
  return ['env', `_LIBCONTAINER_STATEDIR=${state}`, runtime, '--root', state];
}

async function wordsOf(pipes: StepPipes): Promise<string> {
  let words = '';
  for (const reader of [pipes.readers.stderr, pipes.readers.stdout]) {
    for await (const chunk of reader) {
      if (words.length < 10_000) words += (chunk as Buffer).toString('utf8');
    }
  }
  return words.trim();
}
