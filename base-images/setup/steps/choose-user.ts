import { fromUtf8, toDisplay } from '../../../src/index.ts';
import type { PasswdEntry, UserFacts } from '../../detect/base-facts.ts';
import { Obstacle } from '../obstacle.ts';
import type { SetupOptions } from '../setup-plan.ts';

export type ChosenUser =
  | { readonly kind: 'there'; readonly entry: PasswdEntry }
  | { readonly kind: 'new'; readonly name: string; readonly uid: number };

export const usualName = 'user';
export const usualUid = 1000;

/**
 * Who works in the machine. Somebody who has the uid already is taken as they are, unless another name was asked for: images
 * have their own users there, such as Ubuntu's `ubuntu` and Node's `node`. Nobody is moved or renamed. Throws `Obstacle`
 * where name and uid that were asked for belong to two.
 */
export function chooseUser(
  users: Pick<UserFacts, 'passwd' | 'byName' | 'byUid'>,
  { user: name, uid }: Pick<SetupOptions, 'user' | 'uid'>,
): ChosenUser {
  const named = users.byName(fromUtf8(name ?? usualName));
  const holder = users.byUid(uid ?? usualUid);
  if (name === undefined && holder !== null) return { kind: 'there', entry: holder };
  if (named !== null && (uid === undefined || named.uid === uid))
    return { kind: 'there', entry: named };
  if (named !== null)
    throw taken(`the user ${name ?? usualName} of the image has the uid ${named.uid}, not ${uid}`);
  if (uid !== undefined && holder !== null)
    throw taken(`the uid ${uid} is that of ${toDisplay(holder.name)} in the image`);
  return { kind: 'new', name: name ?? usualName, uid: uid ?? firstFree(users) };
}

function firstFree({ passwd }: Pick<UserFacts, 'passwd'>): number {
  const taken = new Set(passwd.map(({ uid }) => uid));
  let uid = usualUid;
  while (taken.has(uid)) uid += 1;
  return uid;
}

function taken(message: string): Obstacle {
  return new Obstacle(message, {
    of: 'image',
    path: 'etc/passwd',
    hint: 'Ask for another --user or --uid, or leave one of them out.',
  });
}
