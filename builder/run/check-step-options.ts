import { isAbsolute } from 'node:path';
import { AshlarError } from '../../src/index.ts';
import type { RunStepOptions } from './run-step-options.ts';

/** Throws `invalid_request` naming what cannot be run as it is, `privilege_missing` unless root. */
export function checkStepOptions(options: RunStepOptions): void {
  if (process.getuid?.() !== 0) {
    throw new AshlarError('privilege_missing', 'only root can run a build step');
  }
  const { argv, env, workdir, workRoot, parentDisk, hostname, extraMounts = [] } = options;
  if (argv.length === 0 || argv[0] === '') refuse('argv', 'names no program');
  for (const text of [...argv, ...Object.values(env)]) {
    if (text.includes('\0')) refuse('argv or env', 'holds a NUL byte');
  }
  for (const name of Object.keys(env)) {
    if (name === '' || /[=\0]/.test(name)) refuse('env', `has a bad name ${JSON.stringify(name)}`);
  }
  const mounted = extraMounts.flatMap((mount) => [mount.hostPath, mount.guestPath]);
  for (const path of [workdir, workRoot, parentDisk, ...mounted]) {
    if (!isAbsolute(path) || path.includes('\0')) refuse('path', `is not absolute: ${path}`);
  }
  if (hostname !== undefined && !/^[A-Za-z0-9][A-Za-z0-9.-]{0,62}$/.test(hostname)) {
    refuse('hostname', `is not one: ${hostname}`);
  }
  checkLimits(options);
}

function checkLimits({ limits }: RunStepOptions): void {
  const { memoryBytes, pids, timeoutMs, outputBytes, upperBytes } = limits;
  for (const [name, value] of Object.entries({ memoryBytes, pids, timeoutMs, upperBytes })) {
    if (value !== undefined && !(Number.isSafeInteger(value) && value > 0)) {
      refuse(`limits.${name}`, `is not a positive whole number: ${value}`);
    }
  }
  if (outputBytes !== undefined && !(Number.isSafeInteger(outputBytes) && outputBytes >= 0)) {
    refuse('limits.outputBytes', `is not a whole number: ${outputBytes}`);
  }
}

function refuse(what: string, why: string): never {
  throw new AshlarError('invalid_request', `the step's ${what} ${why}`, { data: { what } });
}
