import { readFile } from 'node:fs/promises';
import { type BytePath, fromUtf8, toDisplay } from '../../../src/index.ts';
import type { UserFacts } from '../../detect/base-facts.ts';
import type { Reason } from '../draft.ts';
import { commandFile, type CommandUser } from '../guest/command-file.ts';
import { Obstacle, shownPath } from '../obstacle.ts';
import type { GuestBundle, SetupUser } from '../setup-plan.ts';
import type { StepContext } from '../step-context.ts';
import { isIdleBusybox } from './idle-busybox.ts';
import { ownSystemd } from './own-systemd.ts';

const step = 'init';

/** Where everything lies that Ashlar brings; nothing of a distribution is there. */
export const ashlarDirectory = 'usr/lib/ashlar';

const program = { mode: 0o755, uid: 0, gid: 0 } as const;
const text = { mode: 0o644, uid: 0, gid: 0 } as const;

/** A root that is mounted read-only cannot be given them any more. */
const mountPoints = [
  ['dev', 0o755],
  ['proc', 0o555],
  ['run', 0o755],
  ['sys', 0o555],
  ['tmp', 0o1777],
] as const;

const ourInit: BytePath = `${ashlarDirectory}/init`;

/**
 * A first process for an image that has none, or a busybox that would start nothing. One that has an init keeps it; where its systemd lies in no place in which the kernel looks,
 * it is given one. What is brought is static: a busybox and two scripts for it, and needs nothing that the image would have to have.
 */
export async function planInit(context: StepContext, user: SetupUser | null): Promise<void> {
  const { facts, options, draft, note } = context;
  const { guest } = options;
  const { kind, realPath } = facts.init;
  const hasNone = kind === 'none' || (await isIdleBusybox(context));
  if (!hasNone && realPath !== ourInit) {
    const what = kind === 'other' ? shownPath(realPath ?? '') : kind;
    note({ step, kind: 'kept', what: `${what} is the init`, why: 'the image has its own' });
    return;
  }
  const systemd = await ownSystemd(context);
  if (systemd !== null) {
    const why = 'the kernel finds the systemd of the image';
    await draft.placeLink('sbin/init', fromUtf8(`/${systemd}`), { step, why });
    return;
  }
  if (guest === null || ('missing' in guest && realPath === ourInit)) return;
  if ('missing' in guest) throw new Obstacle(guest.missing, { of: 'image' });
  const architecture = facts.architecture?.name ?? guest.architecture;
  if (architecture !== guest.architecture)
    throw new Obstacle(
      `the image is for ${architecture}, and the init at hand is for ${guest.architecture}`,
      { of: 'image' },
    );
  await bring(context, guest, user);
  const why = 'the kernel finds an init';
  if (hasNone) await draft.placeLink('sbin/init', `/${ourInit}`, { step, why });
}

async function bring(
  { facts, draft }: StepContext,
  { busybox, command }: GuestBundle,
  user: SetupUser | null,
): Promise<void> {
  for (const [path, mode] of mountPoints) {
    const why = 'a place where the kernel or the init mounts something';
    if ((await (await draft.files()).at(path)) === null)
      await draft.makeDirectory(path, { mode, uid: 0, gid: 0 }, { step, why });
  }
  const reason: Reason = { step, why: 'a first process that starts the command of the image' };
  const put = (name: string, bytes: Buffer, owner: typeof program | typeof text): Promise<void> =>
    draft.placeFile(fromUtf8(`${ashlarDirectory}/${name}`), bytes, owner, reason);
  await put('busybox', busybox, program);
  await put('init', await readFile(new URL('../guest/init.sh', import.meta.url)), program);
  await put('launch', await readFile(new URL('../guest/launch.sh', import.meta.url)), program);
  if (command === null) {
    await draft.remove(fromUtf8(`${ashlarDirectory}/command`), reason);
    return;
  }
  const runAs = commandUser(facts.users, command.user, user);
  await put('command', Buffer.from(commandFile(command, runAs), 'utf8'), text);
}

/**
 * As container runtimes find them: a number is an id, whether listed or not; somebody who is listed has their groups, but not where a
 * group is given. Throws `Obstacle` for a name that nobody has.
 */
function commandUser(users: UserFacts, wanted: string, added: SetupUser | null): CommandUser {
  const [userPart = '', groupPart] = wanted.split(':');
  const entry = findUser(users, userPart === '' ? '0' : userPart, added);
  const uid = entry?.uid ?? Number(userPart === '' ? 0 : userPart);
  if (!Number.isSafeInteger(uid)) throw nobody('user', userPart);
  const home = toDisplay(entry?.home ?? '') || '/';
  if (groupPart === undefined) {
    const name = entry === null ? '' : toDisplay(entry.name);
    return { name, uid, gid: entry?.gid ?? 0, home };
  }
  const gid = users.groupByName(fromUtf8(groupPart))?.gid ?? Number(groupPart);
  if (!Number.isSafeInteger(gid)) throw nobody('group', groupPart);
  return { name: '', uid, gid, home };
}

interface FoundUser {
  readonly name: BytePath;
  readonly uid: number;
  readonly gid: number;
  readonly home: BytePath;
}

function findUser(users: UserFacts, wanted: string, added: SetupUser | null): FoundUser | null {
  const name = fromUtf8(wanted);
  if (!/^[0-9]+$/.test(wanted)) return users.byName(name) ?? (added?.name === name ? added : null);
  const uid = Number(wanted);
  return users.byUid(uid) ?? (added?.uid === uid ? added : null);
}

function nobody(kind: 'user' | 'group', name: string): Obstacle {
  return new Obstacle(
    `the image's command runs as the ${kind} ${name}, which the image does not have`,
    {
      of: 'image',
      path: kind === 'user' ? 'etc/passwd' : 'etc/group',
    },
  );
}
