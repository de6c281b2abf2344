import { AshlarError } from '../../../errors/ashlar-error.ts';

/** Ends a change of a stored layout that is left to the layout of the whole tree: it may be possible, and is not worth it or not certain. */
export class Unsure extends Error {
  override readonly name = 'Unsure';
}

/** What has to be read first was not. */
export function notRead(what: string): never {
  throw new AshlarError('internal', `${what} was not read`);
}

export function unsure(why: string): never {
  throw new Unsure(why);
}
