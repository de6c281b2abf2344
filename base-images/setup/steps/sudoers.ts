import { toDisplay } from '../../../src/index.ts';
import { judgeSudoers } from '../../sudoers/judge-sudoers.ts';
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
 * `/etc/sudoers` includes no directory, there is no place for a rule that would not be such a change; then its author has to
 * say where the include belongs.
 */
export async function planSudoers(context: StepContext, user: SetupUser | null): Promise<void> {
  const { facts, draft, note } = context;
  if (user === null)
    throw new Obstacle('there is no user to whom a rule could be given', { of: 'image' });
  if (user.uid === 0) {
    note({ step, kind: 'skipped', what: 'no rule for sudo', why: 'the user is root' });
    return;
  }
  const name = toDisplay(user.name);
  const problem = sudoersProblem(name);
  if (problem !== null)
    throw new Obstacle(`no rule can be written for the user ${name}: ${problem}`, { of: 'image' });
  const { file, include } = facts.sudoers;
  if (file !== null && include === null)
    throw new Obstacle(
      '/etc/sudoers includes no /etc/sudoers.d, and it is not for a setup to change it',
      {
        of: 'file',
        path: 'etc/sudoers',
        hint: 'Add the line `#includedir /etc/sudoers.d` (with `#`: every version knows it) to your /etc/sudoers, as its last line and with a line end.',
      },
    );
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
  else if (file === null)
    note({
      step,
      kind: 'said',
      what: 'the image has sudo and no /etc/sudoers',
      why: 'sudo does nothing for anybody until there is one',
    });
  else await holdAgainstSudo(context, name);
}

/** What the sudo of the image will say of it: other files, of whoever made the image, may be in the way. */
async function holdAgainstSudo({ facts, draft, note }: StepContext, user: string): Promise<void> {
  const { provider, version } = facts.sudo.program?.engine ?? { provider: 'sudo', version: null };
  if (version === null) return;
  const engine = { provider, version };
  const verdict = await judgeSudoers({ files: await draft.files(), engine });
  if ((await verdict.allows({ user, command: 'ALL' })) === 'nopasswd') return;
  const by = verdict.lockedOutBy;
  const line = by === null || by.line === null ? '' : `:${by.line}`;
  const why =
    by === null ? 'another rule comes after it' : `${toDisplay(by.path)}${line}: ${by.what}`;
  const what = verdict.lockedOut
    ? `${provider} works for nobody`
    : `the rule for ${user} does not hold`;
  note({ step, kind: 'skipped', what, why });
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
