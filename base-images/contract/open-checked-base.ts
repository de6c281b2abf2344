import { once, toDisplay } from '../../src/index.ts';
import { knownEngine } from '../sudoers/engine.ts';
import type { judgeSudoers } from '../sudoers/judge-sudoers.ts';
import type { CheckBaseOptions } from './check-base.ts';
import type { CheckedBase } from './checked-base.ts';
import { bootScript, parseBootReport } from './looking/boot-report.ts';
import { ashlarDirectory, dropInPath, userOfDropIn } from './looking/drop-in.ts';
import { bootOwnInit } from './looking/own-init.ts';
import type { Boot } from './runner.ts';

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
  const engine = knownEngine(facts.sudo.program?.engine ?? null);
  const sudoersFor: CheckedBase['sudoersFor'] = (one) =>
    judge({ files, engine: one, hostname: toDisplay(facts.hostname ?? 'ashlar') });
  const booted = kept(async () => {
    const argv = ['/bin/sh', '-c', bootScript, 'sh', user === null ? '' : toDisplay(user)];
    return parseBootReport(await givenBoot(boot).run(argv, 'guest'));
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
    sudoers: once(async () => (engine === null ? null : sudoersFor(engine))),
    sudoersFor,
    plan: once(async () => (plan === undefined ? null : plan())),
    run: (request) =>
      run === undefined ? Promise.reject(new Error('no container')) : run.run(request),
    booted,
    ownInit: kept(async () => {
      // What does not boot at all is not booted once more.
      await booted();
      return bootOwnInit({ files, init: facts.init, boot: givenBoot(boot) });
    }),
  };
}

/** As `once`, but a failure is kept too: what does not boot is not booted again for each check. */
function kept<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => (made ??= make());
}

function givenBoot(boot: Boot | undefined): Boot {
  if (boot === undefined) throw new Error('no machine');
  return boot;
}
