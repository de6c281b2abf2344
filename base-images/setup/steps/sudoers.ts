import { toDisplay } from '../../../src/index.ts';
import { knownEngine, type SudoEngine } from '../../sudoers/engine.ts';
import { isRead } from '../../sudoers/includes.ts';
import { judgeSudoers } from '../../sudoers/judge-sudoers.ts';
import { mendOf, problemWords } from '../../sudoers/mend.ts';
import type { SudoersProblem } from '../../sudoers/verdict.ts';
import { Obstacle } from '../obstacle.ts';
import type { SetupUser } from '../setup-plan.ts';
import type { StepContext } from '../step-context.ts';
import { bytesOf } from '../text-file.ts';
import { sudoersProblem } from '../user-name.ts';

const step = 'sudoers';

/** A name that every sudo reads: no dot, no tilde; and late, as the last rule that fits a user is the one that counts. */
export const dropInPath = 'etc/sudoers.d/zz-ashlar';

/** `(ALL:ALL)`, as `(root)` forbids `sudo -u other`; nothing but what every sudo and sudo-rs knows. */
export function dropInText(name: string): string {
  return `# The user of this machine may do everything (ashlar base setup).\n${name} ALL=(ALL:ALL) NOPASSWD: ALL\n`;
}

/**
 * A rule in a file of its own. `/etc/sudoers` is never changed: a line that is put after its last one has been the end of
 * sudo where that line had no end, where the release did not know the word, and where the include was there already. Where
 * the image's sudo reads no file of that directory, there is no place for a rule that would not be such a change; then its author has to
 * say where the include belongs. Lines of the image's own that sudo does not take are noted, with the mend.
 */
export async function planSudoers(context: StepContext, user: SetupUser): Promise<void> {
  const { facts, draft, note } = context;
  if (user.uid === 0) {
    note({ step, kind: 'skipped', what: 'no rule for sudo', why: 'the user is root' });
    return;
  }
  const name = toDisplay(user.name);
  const problem = sudoersProblem(name);
  if (problem !== null)
    throw new Obstacle(`no rule can be written for the user ${name}: ${problem}`, { of: 'image' });
  const { file, include } = facts.sudoers;
  const engine = knownEngine(facts.sudo.program?.engine ?? null);
  if (file !== null && include === null && engine === null) throw notIncluded();
  await makeSafeDirectory(context);
  const reason = { step, why: `the rule that lets ${name} do everything` } as const;
  await draft.placeFile(
    dropInPath,
    bytesOf(dropInText(name)),
    { mode: 0o440, uid: 0, gid: 0 },
    reason,
  );
  if (facts.sudo.program === null)
    note({
      step,
      kind: 'said',
      what: 'the image has no sudo',
      why: 'the rule is read as soon as sudo is installed',
    });
  if (file === null && facts.sudo.program !== null)
    note({
      step,
      kind: 'said',
      what: 'the image has sudo and no /etc/sudoers',
      why: 'sudo does nothing for anybody until there is one',
    });
  if (file !== null && engine !== null) await holdAgainstSudo(context, name, engine);
}

/** What the sudo of the image will say of it: other files, of whoever made the image, may be in the way. */
async function holdAgainstSudo(
  { facts, draft, note }: StepContext,
  user: string,
  engine: SudoEngine,
): Promise<void> {
  const files = await draft.files();
  const verdict = await judgeSudoers({ files, engine });
  const { lockedOut, lockedOutBy, problems, saysItself } = verdict;
  if (lockedOut) {
    const what =
      lockedOutBy === null ? toDisplay(saysItself.join('; ')) : problemWords(lockedOutBy);
    const why = lockedOutBy === null ? 'see sudo itself' : await mendOf(files, lockedOutBy, engine);
    note({ step, kind: 'found', what: `${engine.provider} works for nobody: ${what}`, why });
    // What stands behind the line at which sudo gave up is not known.
    if (facts.sudoers.include === null) throw notIncluded();
    return;
  }
  if (!(await isRead(dropInPath, verdict, files))) throw notIncluded();
  const lasting = problems.filter(({ severity }) => severity in lastingWords);
  for (const problem of lasting.slice(0, maxNoted)) {
    const what = `${lastingWords[problem.severity] ?? ''}: ${problemWords(problem)}`;
    note({ step, kind: 'found', what, why: await mendOf(files, problem, engine) });
  }
  if (lasting.length > maxNoted)
    note({
      step,
      kind: 'found',
      what: `sudo complains of ${lasting.length - maxNoted} more lines`,
      why: '`visudo -c` in a RUN step names them all',
    });
  if ((await verdict.allows({ user, command: 'ALL' })) === 'nopasswd') return;
  const what = `the rule for ${user} does not hold`;
  note({ step, kind: 'skipped', what, why: 'another rule comes after it' });
}

/** A file that is wrong all through has as many problems as lines. */
const maxNoted = 5;

/** What lasts until the image's author mends it, by how grave it is. */
const lastingWords: Readonly<Partial<Record<SudoersProblem['severity'], string>>> = {
  recovered: 'sudo leaves something out',
  warning: 'sudo complains of a setting',
};

function notIncluded(): Obstacle {
  return new Obstacle(
    '/etc/sudoers includes no /etc/sudoers.d, and it is not for a setup to change it',
    {
      of: 'file',
      path: 'etc/sudoers',
      hint: 'Add the line `#includedir /etc/sudoers.d` (with `#`: every version knows it) to your /etc/sudoers, as its last line and with a line end.',
    },
  );
}

/** sudo takes nothing from a directory that others than root may write. */
async function makeSafeDirectory({ draft }: StepContext): Promise<void> {
  const path = 'etc/sudoers.d';
  const reason = { step, why: 'rules in files of their own' } as const;
  const there = await (await draft.files()).follow(path);
  if (there?.type !== 'directory') {
    await draft.makeDirectory(path, { mode: 0o755, uid: 0, gid: 0 }, reason);
    return;
  }
  const isOpen = (there.mode & 0o002) !== 0 || ((there.mode & 0o020) !== 0 && there.gid !== 0);
  if (there.uid === 0 && !isOpen) return;
  const safe = { mode: there.mode & ~0o022, uid: 0, gid: 0 };
  await draft.setMode(path, safe, {
    step,
    why: 'sudo reads nothing in a directory that others may write',
  });
}
