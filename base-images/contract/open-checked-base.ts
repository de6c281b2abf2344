import { once, toDisplay } from '../../src/index.ts';
import type { judgeSudoers } from '../sudoers/judge-sudoers.ts';
import type { CheckBaseOptions } from './check-base.ts';
import type { CheckedBase } from './checked-base.ts';
import { bootScript, parseBootReport } from './looking/boot-report.ts';
import { ashlarDirectory, dropInPath, userOfDropIn } from './looking/drop-in.ts';

interface OpenOptions extends CheckBaseOptions {
  readonly judge: typeof judgeSudoers;
}

/** Of the user whom a setup takes or makes, where it is not told otherwise. */
const ownUid = 1000;

/** What the checks look at. Nothing is judged, planned, run or booted before a check asks for it, and then once. */
export async function openCheckedBase(options: OpenOptions): Promise<CheckedBase> {
  const { files, facts, release, before, plan, run, boot, judge } = options;
  const isSetUp =
    (await files.at(dropInPath)) !== null || (await files.at(ashlarDirectory)) !== null;
  // A setup writes no rule where none would be read; its user is there all the same.
  const ownUser = isSetUp ? (facts.users.byUid(ownUid)?.name ?? null) : null;
  const user = options.user ?? (await userOfDropIn(files)) ?? ownUser;
  const engine = facts.sudo.program?.engine ?? null;
  const sudoersFor: CheckedBase['sudoersFor'] = ({ provider, version }) =>
    judge({
      files,
      engine: { provider, version },
      hostname: toDisplay(facts.hostname ?? 'ashlar'),
    });
  return {
    files,
    facts,
    release,
    user,
    isSetUp,
    before: before ?? null,
    hostArchitecture: options.hostArchitecture,
    nowMs: options.nowMs,
    sudoers: once(async () => {
      if (engine === null || engine.version === null) return null;
      return sudoersFor({ provider: engine.provider, version: engine.version });
    }),
    sudoersFor,
    plan: once(async () => (plan === undefined ? null : plan())),
    run: (request) =>
      run === undefined ? Promise.reject(new Error('no container')) : run.run(request),
    booted: kept(async () => {
      if (boot === undefined) throw new Error('no machine');
      const argv = ['/bin/sh', '-c', bootScript, 'sh', user === null ? '' : toDisplay(user)];
      return parseBootReport(await boot.run(argv));
    }),
  };
}

/** As `once`, but a failure is kept too: what does not boot is not booted again for each check. */
function kept<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => (made ??= make());
}
