import { constants } from 'node:fs';
import {
  copyFile,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { extract, type Header } from 'tar-stream';
import { findTool, toolEnvironment } from '../../../builder/run/tool-environment.ts';
import { readCgroupMounts } from '../../../builder/run/cgroup.ts';
import { withRunStep, type RunStepResult } from '../../../builder/run/run-step.ts';
import type { RunStepOptions } from '../../../builder/run/run-step-options.ts';
import { AshlarError } from '../../../src/errors/ashlar-error.ts';
import { runChecked } from '../../../src/process/run-command.ts';

/** Why steps cannot be run here; empty where they can. For names of skipped suites. */
export const whyNoSteps = await whyStepsCannotRun();

async function whyStepsCannotRun(): Promise<string> {
  if (process.getuid?.() !== 0) return 'needs root';
  const missing: string[] = [];
  for (const tool of ['busybox', 'mke2fs', 'debugfs', 'unshare', 'nsenter', 'tar', 'ip']) {
    if ((await findTool(tool)) === undefined) missing.push(tool);
  }
  if (!(await findTool('crun')) && !(await findTool('runc'))) missing.push('crun');
  if (!(await findTool('pasta')) && !(await findTool('slirp4netns'))) missing.push('pasta');
  return missing.length === 0 ? '' : `needs ${missing.join(', ')}`;
}

/** A directory below the system's for temporary files, with a work root and the disks that a test makes. */
export interface Bench extends AsyncDisposable {
  readonly path: string;
  readonly workRoot: string;
  /** Makes an ext4 image of a tree with busybox in /bin; `shape` changes the tree first. */
  disk(name: string, shape?: (tree: string) => Promise<void>): Promise<string>;
  /** As `disk`, of a tree that holds only what `shape` puts there. */
  bareDisk(name: string, shape: (tree: string) => Promise<void>): Promise<string>;
}

export async function createBench(): Promise<Bench> {
  const path = await mkdtemp(join(tmpdir(), 'ashlar-run-'));
  const bareDisk: Bench['bareDisk'] = async (name, shape) => {
    const tree = join(path, `${name}.tree`);
    await mkdir(tree);
    await shape(tree);
    return makeDisk(tree, join(path, `${name}.img`));
  };
  return {
    path,
    workRoot: join(path, 'run'),
    bareDisk,
    disk: (name, shape) =>
      bareDisk(name, async (tree) => {
        await fillTree(tree);
        await shape?.(tree);
      }),
    async [Symbol.asyncDispose]() {
      await rm(path, { recursive: true, force: true });
    },
  };
}

export interface StepOutcome {
  readonly step: RunStepResult;
  readonly stdout: string;
  readonly stderr: string;
  readonly entries: readonly DiffEntry[];
}

export interface DiffEntry {
  readonly header: Header;
  readonly body: Buffer;
}

/** Options of a step that runs `script` in a shell; `workRoot` is that of the bench. */
export function shellStep(
  bench: Bench,
  parentDisk: string,
  script: string,
  more: Partial<RunStepOptions> = {},
): RunStepOptions {
  return {
    workRoot: bench.workRoot,
    parentDisk,
    argv: ['/bin/sh', '-c', script],
    env: {},
    workdir: '/',
    user: '',
    limits: { timeoutMs: 60_000, upperBytes: 256 * 1024 * 1024 },
    network: 'none',
    ...more,
  };
}

/** Runs a step, collecting its output and its difference. */
export async function runStep(options: RunStepOptions): Promise<StepOutcome> {
  const output = { stdout: '', stderr: '' };
  const onOutput: RunStepOptions['onOutput'] = (stream, chunk) => {
    output[stream] += chunk.toString('utf8');
    options.onOutput?.(stream, chunk);
  };
  return withRunStep({ ...options, onOutput }, async (step) => {
    const entries: DiffEntry[] = [];
    for await (const entry of step.diffStream().pipe(extract())) {
      const chunks: Buffer[] = [];
      for await (const chunk of entry) chunks.push(chunk as Buffer);
      entries.push({ header: entry.header, body: Buffer.concat(chunks) });
    }
    return { step, ...output, entries };
  });
}

/** The error that `work` fails with; anything but an AshlarError fails the test. */
export async function failureOf(work: Promise<unknown>): Promise<AshlarError> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof AshlarError)) throw new Error(`not an AshlarError: ${String(error)}`);
  return error;
}

/** `name type` of every entry but the root, a whiteout as `name whiteout`. */
export function listing(entries: readonly DiffEntry[]): string[] {
  return entries
    .map(({ header }) => {
      const isWhiteout =
        header.type === 'character-device' && header.devmajor === 0 && header.devminor === 0;
      return `${header.name} ${isWhiteout ? 'whiteout' : header.type}`;
    })
    .filter((line) => line !== './ directory');
}

/** What of the bench's steps is still there: directories, mounts in any namespace, processes, loop devices, cgroups. */
export async function leftovers(bench: Bench, workerPid = process.pid): Promise<string[]> {
  const found: string[] = [];
  const steps = (await readdir(bench.workRoot).catch(() => [])).map((name) => `directory ${name}`);
  found.push(...steps);
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    for (const file of ['mountinfo', 'cmdline']) {
      const text = await readFile(`/proc/${pid}/${file}`, 'latin1').catch(() => '');
      const isOwn = Number(pid) === process.pid;
      if (!isOwn && text.includes(bench.workRoot)) found.push(`process ${pid} by ${file}`);
    }
  }
  found.push(...(await heldLoopDevices(bench)));
  for (const mount of await readCgroupMounts()) {
    const names = await readdir(join(mount.path, 'ashlar')).catch(() => []);
    for (const name of names.filter((one) => one.includes(`-${workerPid}-`)))
      found.push(`cgroup ${name}`);
  }
  return found;
}

/** A device is let go by the last who has it open, and `losetup` of another step opens all of them for an instant. */
async function heldLoopDevices(bench: Bench): Promise<string[]> {
  const deadlineMs = performance.now() + 2_000;
  for (;;) {
    const held: string[] = [];
    for (const device of await readdir('/sys/block')) {
      const path = `/sys/block/${device}/loop/backing_file`;
      const backing = (await readFile(path, 'utf8').catch(() => '')).trim();
      if (backing.startsWith(bench.path)) held.push(`loop device ${device} on ${backing}`);
    }
    if (held.length === 0 || performance.now() > deadlineMs) return held;
    await delay(5);
  }
}

async function fillTree(tree: string): Promise<void> {
  for (const name of ['bin', 'etc', 'tmp', 'root', 'home/node', 'dev', 'proc', 'sys']) {
    await mkdir(join(tree, name), { recursive: true });
  }
  await putBusybox(tree);
  await writeFile(
    join(tree, 'etc/passwd'),
    'root:x:0:0:root:/root:/bin/sh\nnode:x:1000:1000::/home/node:/bin/sh\n',
  );
  await writeFile(
    join(tree, 'etc/group'),
    'root:x:0:\nnode:x:1000:\naudio:x:29:node\nextra:x:2000:root,node\n',
  );
}

/** busybox in /bin, with a link for each of its names. */
export async function putBusybox(tree: string): Promise<void> {
  const busybox = (await findTool('busybox')) ?? 'busybox';
  await mkdir(join(tree, 'bin'), { recursive: true });
  await copyFile(busybox, join(tree, 'bin/busybox'), constants.COPYFILE_FICLONE);
  const { stdout } = await runChecked(busybox, ['--list']);
  for (const name of stdout.toString('utf8').split('\n')) {
    if (name !== '' && name !== 'busybox') await symlink('busybox', join(tree, 'bin', name));
  }
}

/** The root's time, which mke2fs sets to now. */
export const rootTimeSec = 1_600_000_000;

async function makeDisk(tree: string, path: string): Promise<string> {
  const options = { env: toolEnvironment() };
  await writeFile(path, '');
  await runChecked('mke2fs', ['-q', '-F', '-t', 'ext4', '-d', tree, path, '64M'], options);
  await runChecked('debugfs', ['-w', '-R', `sif <2> mtime @${rootTimeSec}`, path], options);
  return path;
}
