import { type BytePath, fromUtf8, joinPath, toDisplay } from '../../../src/index.ts';
import { type Owner, type Reason, rootsFile } from '../draft.ts';
import { Obstacle } from '../obstacle.ts';
import type { SetupUser } from '../setup-plan.ts';
import type { StepContext } from '../step-context.ts';
import { bytesOf, linesOf, readText } from '../text-file.ts';
import {
  groupLine,
  gshadowLine,
  type NewAccount,
  passwdLine,
  shadowLine,
  subordinateLine,
  withAccount,
} from './account-lines.ts';
import { type ChosenUser, chooseUser } from './choose-user.ts';

const step = 'user';

/**
 * The user who works in the machine: one that is there, or a new one with a group and a home of its own. No program of the
 * image is needed for it: adduser is missing in newer releases, and useradd in others.
 */
export async function planUser(context: StepContext): Promise<SetupUser> {
  const { facts, options, note } = context;
  const isAsked = options.user !== undefined || options.uid !== undefined;
  const shell = await findShell(context);
  if (!isAsked && facts.users.passwd.length === 0)
    throw new Obstacle('the image has no users: there is no /etc/passwd', { of: 'image' });
  if (!isAsked && shell === null)
    throw new Obstacle('the image has no shell that somebody could work in', { of: 'image' });
  const chosen = userFromBefore(context, isAsked) ?? chooseUser(facts.users, options);
  if (chosen.kind === 'there') {
    const { name, uid, gid, home, shell: theirs } = chosen.entry;
    note({
      step,
      kind: 'kept',
      what: `${toDisplay(name)} (uid ${uid}) is the user; home ${toDisplay(home)}, shell ${toDisplay(theirs)}`,
      why: options.user === undefined ? `the image has the uid ${uid}` : 'the image has this user',
    });
    if (/\/(?:nologin|false)$/.test(theirs))
      note({
        step,
        kind: 'said',
        what: `${toDisplay(name)} has the shell ${toDisplay(theirs)}: nobody can log in as them`,
        why: 'a setup gives nobody who is there another shell; `usermod --shell` in a step does',
      });
    await makeHomeIfPossible(context, chosen.entry);
    return { name, uid, gid, home };
  }
  const { name, uid } = chosen;
  const gid = freeGroup(context, name, uid);
  const home = `/home/${name}`;
  const account = { name, uid, gid, home, shell: shell ?? '/usr/sbin/nologin' };
  await addAccount(context, account);
  const user = { name: fromUtf8(name), uid, gid, home: fromUtf8(home) };
  await makeHome(context, user);
  return user;
}

/** Who works in the machine since an earlier setup was asked for them; null where they are gone, or somebody else is asked for. */
function userFromBefore({ facts, askedBefore }: StepContext, isAsked: boolean): ChosenUser | null {
  const entry = isAsked ? null : facts.users.byName(askedBefore.user ?? '');
  return entry === null ? null : { kind: 'there', entry };
}

/** A group of the same name is taken; else one of the same number is made, or of the next that is free. */
function freeGroup({ facts }: StepContext, name: string, uid: number): number {
  const { users } = facts;
  const named = users.groupByName(fromUtf8(name));
  if (named !== null) return named.gid;
  let gid = uid;
  while (users.groupById(gid) !== null) gid = Math.max(gid + 1, 1000);
  return gid;
}

async function addAccount({ draft }: StepContext, account: NewAccount): Promise<void> {
  const { name, uid } = account;
  const reason: Reason = { step, why: `the user ${name}, uid ${uid}` };
  const add = async (path: BytePath, line: string): Promise<void> => {
    const text = (await readText(draft, path)) ?? beginningOf(path, account);
    await draft.editFile(path, bytesOf(withAccount(text, line)), rootsFile, reason);
  };
  const shadow = await readText(draft, 'etc/shadow');
  await add('etc/passwd', passwdLine(account, shadow === null ? 'no-shadow' : 'shadow'));
  if (shadow !== null) await add('etc/shadow', shadowLine(account));
  await add('etc/group', groupLine(account));
  if ((await readText(draft, 'etc/gshadow')) !== null)
    await add('etc/gshadow', gshadowLine(account));
  for (const path of ['etc/subuid', 'etc/subgid']) {
    const text = await readText(draft, path);
    if (text !== null) await add(path, subordinateLine(text, name));
  }
}

/** Where there are no users yet, there is root: by name many programs ask for it. */
function beginningOf(path: BytePath, { shell }: NewAccount): string {
  if (path === 'etc/passwd') return `root:*:0:0:root:/root:${shell}\n`;
  return path === 'etc/group' ? 'root:x:0:\n' : '';
}

/** Somebody who is there may have any home, also one that is none on purpose; that does not make them less of a user. */
async function makeHomeIfPossible(context: StepContext, user: SetupUser): Promise<void> {
  if (/^\/*(?:nonexistent|dev|proc|sys|run|var\/empty|var\/run)(?:\/|$)/.test(user.home)) return;
  const takeBack = context.draft.mark();
  try {
    await makeHome(context, user);
  } catch (error) {
    if (!(error instanceof Obstacle)) throw error;
    takeBack();
    const what = `${toDisplay(user.name)} has no home that could be made`;
    context.note({ step, kind: 'skipped', what, why: error.message });
  }
}

/** As useradd does: with the mode that the distribution has for homes and what is in /etc/skel; one that is there stays. */
async function makeHome(context: StepContext, { name, uid, gid, home }: SetupUser): Promise<void> {
  const { draft, note } = context;
  const path = home.replace(/^\/+/, '');
  if (path === '') return;
  const there = await (await draft.files()).follow(path);
  if (there?.type === 'directory') {
    if (there.uid !== uid)
      note({
        step,
        kind: 'kept',
        what: `${toDisplay(home)} belongs to the uid ${there.uid}`,
        why: 'a directory that is there is not given to somebody else',
      });
    return;
  }
  const reason: Reason = { step, why: `the home of ${toDisplay(name)}` };
  await draft.makeDirectory(path, { mode: await homeMode(context), uid, gid }, reason);
  await copySkeleton(context, { from: 'etc/skel', to: path, uid, gid }, reason);
}

/** HOME_MODE of login.defs(5), or else what UMASK leaves. */
async function homeMode({ draft }: StepContext): Promise<number> {
  const lines = linesOf((await readText(draft, 'etc/login.defs')) ?? '');
  const setting = (name: string): number | null => {
    const line = lines.findLast((text) => new RegExp(`^\\s*${name}\\s`).test(text));
    const value = /\s(0?[0-7]{3})\s*$/.exec(line ?? '')?.[1];
    return value === undefined ? null : Number.parseInt(value, 8);
  };
  return setting('HOME_MODE') ?? 0o777 & ~(setting('UMASK') ?? 0o022);
}

/** More than any distribution has there; a directory in a circle of links has no more either. */
const maxSkeletonFiles = 200;

interface Copying {
  readonly from: BytePath;
  readonly to: BytePath;
  readonly uid: number;
  readonly gid: number;
}

async function copySkeleton(context: StepContext, copying: Copying, reason: Reason): Promise<void> {
  const { draft } = context;
  const waiting = [copying];
  let copied = 0;
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { from, to, uid, gid } = next;
    const files = await draft.files();
    for (const name of await files.names(from)) {
      copied += 1;
      if (copied > maxSkeletonFiles) return;
      const source = joinPath(from, name);
      const target = joinPath(to, name);
      const file = await files.at(source);
      if (file === null) continue;
      const owner: Owner = { mode: file.mode, uid, gid };
      if (file.type === 'directory') {
        await draft.makeDirectory(target, owner, reason);
        waiting.push({ ...next, from: source, to: target });
      }
      const content = file.type === 'file' ? await draft.read(source) : null;
      if (content !== null) await draft.placeFile(target, content, owner, reason);
      if (file.target !== null) await draft.placeLink(target, file.target, reason);
    }
  }
}

const shells = ['bin/bash', 'usr/bin/bash', 'bin/sh', 'usr/bin/sh'] as const;

async function findShell({ draft }: StepContext): Promise<string | null> {
  const files = await draft.files();
  for (const shell of shells) if ((await files.follow(shell))?.type === 'file') return `/${shell}`;
  return null;
}
