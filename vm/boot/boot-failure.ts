import { AshlarError, type ErrorCode } from '../../src/index.ts';
import { consoleSigns, withoutColours } from './console-signs.ts';
import type { MachineRun } from './run-machine.ts';

const shownLines = 20;
const shownLineChars = 500;

/** The error for a run that gave no ending of the command, though nobody stopped it. */
export function bootFailure(run: MachineRun): AshlarError {
  const { ending, state } = run.report;
  if (ending?.kind === 'failed') {
    const byImage = ['user', 'workdir', 'supervise', 'init', 'emergency'].includes(ending.stage);
    return withConsole(
      byImage ? 'boot_check_failed' : 'boot_failed',
      `${failedStages[ending.stage] ?? 'the guest gave up'}: ${cut(ending.text)}${seen(run)}`,
      run,
    );
  }
  const panic = /Kernel panic - not syncing: (.*)/.exec(run.console)?.[1];
  if (panic !== undefined) {
    if (state !== 'handed')
      return withConsole('boot_failed', `the guest's kernel panicked: ${panic.trim()}`, run);
    const refused = /switch_root: (can't execute .*)/.exec(run.console)?.[1];
    const what = refused === undefined ? `ended: ${panic.trim()}` : refused.trim();
    return withConsole('boot_check_failed', `the image's own init: ${what}`, run);
  }
  if (run.killSignal !== null || (run.exitCode ?? 0) !== 0) {
    const how = run.killSignal === null ? `exit code ${run.exitCode}` : `signal ${run.killSignal}`;
    const code = lacksMemory(run) ? 'resources_exhausted' : 'boot_failed';
    return withConsole(code, `QEMU ended with ${how}: ${run.qemuStderr.trim()}`, run);
  }
  const code = state === 'handed' ? 'boot_check_failed' : 'boot_failed';
  return withConsole(code, `the virtual machine ended ${whereOf[state]}${seen(run)}`, run);
}

/** The error for a run that was stopped because its time was up: the image's fault only if something of it had begun. */
export function bootTimeout(run: MachineRun, timeoutMs: number): AshlarError {
  const { state } = run.report;
  const code = state === 'started' || state === 'handed' ? 'boot_timeout' : 'boot_too_slow';
  return withConsole(
    code,
    `the boot did not end within ${timeoutMs} ms; it was stopped ${whereOf[state]}${seen(run)}`,
    run,
  );
}

const failedStages: Readonly<Record<string, string>> = {
  root: 'the guest could not use the root disk',
  ports: 'the guest could not open its ports',
  user: "the image lacks the command's user",
  workdir: "the image lacks the command's working directory",
  supervise: 'the command could not be followed to its end',
  init: "the image's own init cannot be started",
  emergency: "the image's own init gave up before the machine was up",
};

const whereOf = {
  silent: "before the guest's kernel was up",
  ready: 'before the root disk was mounted',
  mounted: 'before the command was started',
  handed: "before the image's own init came so far that it ran the command",
  started: 'while the command ran',
} as const;

/** What an init of the image says of its own troubles. */
function seen({ console, report: { state } }: MachineRun): string {
  const signs = state === 'handed' ? consoleSigns(console) : [];
  return signs.length === 0 ? '' : `; it said: ${cut(signs.join('; '))}`;
}

/** Nobody but the kernel, when memory runs out, kills a machine that was not stopped. */
function lacksMemory({ killSignal, qemuStderr }: MachineRun): boolean {
  return killSignal === 'SIGKILL' || qemuStderr.includes('Cannot allocate memory');
}

/** The guest names what it was given, which may be thousands of characters. */
function cut(text: string): string {
  return text.length > shownLineChars ? `${text.slice(0, shownLineChars)}...` : text;
}

const memoryHint = 'Give the machine less with --memory, or free memory on this host.';

function withConsole(code: ErrorCode, message: string, run: MachineRun): AshlarError {
  const lines = untilPanic(printable(withoutColours(run.console)).trim().split('\n'));
  const shown = lines
    .slice(-shownLines)
    .map((line) => line.slice(0, shownLineChars))
    .join('\n');
  const console =
    shown === '' ? 'The console shows nothing.' : `Last lines of the console:\n${shown}`;
  return new AshlarError(code, `${printable(message)}\n${console}`, {
    data: {
      stage: run.report.state,
      console: printable(run.console),
      qemuStderr: printable(run.qemuStderr),
    },
    ...(code === 'resources_exhausted' ? { hint: memoryHint } : {}),
  });
}

/** Without the registers and the trace of a panic: what led to it comes before them. */
function untilPanic(lines: readonly string[]): readonly string[] {
  const panic = lines.findIndex((line) => line.includes('Kernel panic - not syncing'));
  return panic === -1 ? lines : lines.slice(0, panic + 1);
}

/** What a guest writes must not steer the terminal that shows it. */
function printable(text: string): string {
  return text.replaceAll('\r\n', '\n').replaceAll(/[^\P{C}\n\t]/gu, '\uFFFD');
}
