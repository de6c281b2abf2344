import { charStream, type Position } from './char-stream.ts';
import {
  attempt,
  type Context,
  expect,
  expectSyntax,
  fail,
  Fatal,
  type Maybe,
  type Parse,
  token,
} from './combinators.ts';
import type { RustFeatures } from './rust-features.ts';
import type { Identifier, UserSpecifier } from './syntax.ts';
import { idShape, unquotedShape, usernameShape } from './token-shapes.ts';

export interface UserNames {
  readonly username: Parse<string>;
  /** A name, or `#` and a number. */
  readonly identifier: Parse<Identifier>;
  /** The same, `%group` and `%:group`, with or without quotes. */
  readonly userSpecifier: Parse<UserSpecifier>;
}

export function createUserNames(features: RustFeatures): UserNames {
  const userShape = usernameShape(features);
  const username = token(userShape);
  const id = token(idShape(features));
  const unquoted = token(unquotedShape(userShape));
  const identifier: Parse<Identifier> = (context) => {
    if (context.stream.eat('#')) return { id: expect(context, id, 'number') };
    const name = attempt(context, username);
    return name === undefined ? undefined : { name };
  };
  const bareUser: Parse<UserSpecifier> = (context) => {
    if (context.stream.eat('%')) {
      const kind = context.stream.eat(':') ? 'plugin' : 'group';
      return { kind, who: expect(context, identifier, 'identifier') };
    }
    if (context.stream.eat('+')) fail(context, 'netgroups are not supported yet');
    const who = attempt(context, identifier);
    return who === undefined ? undefined : { kind: 'user', who };
  };
  const quotedUser = (context: Context, start: Position): Maybe<UserSpecifier> => {
    const inside = context.stream.position();
    const text = expect(context, unquoted, 'user');
    const stream = charStream(Array.from(text), inside);
    let user: Maybe<UserSpecifier>;
    try {
      user = bareUser({ ...context, stream });
    } catch (error) {
      if (!(error instanceof Fatal) || features.widerNames) throw error;
    }
    if (user === undefined)
      return features.widerNames ? undefined : fail(context, 'invalid user', start);
    expectSyntax(context, '"');
    return user;
  };
  const userSpecifier: Parse<UserSpecifier> = (context) => {
    const start = context.stream.position();
    return context.stream.eat('"') ? quotedUser(context, start) : bareUser(context);
  };
  return { username, identifier, userSpecifier };
}
