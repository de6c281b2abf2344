import {
  attempt,
  type Context,
  expect,
  expectSyntax,
  fail,
  isSyntax,
  type Parse,
  parseList,
  token,
} from './combinators.ts';
import {
  numericShape,
  plainTextShape,
  quotedTextShape,
  settingNameShape,
  variableShape,
} from './token-shapes.ts';

/** `name`, `!name`, `name=value`, `name+=value`, with commas between. As src/defaults/mod.rs and src/sudoers/ast.rs. */
export const parseSettings: Parse<true[]> = (context) =>
  parseList(context, parseSetting, { separator: ',', description: 'parameter' });

const settingName = token(settingNameShape);
const numeric = token(numericShape);
const quotedText = token(quotedTextShape);
const plainText = token(plainTextShape);

function parseSetting(context: Context): true | undefined {
  const start = context.stream.position();
  if (isSyntax(context, '!')) return parseNegated(context);
  const name = attempt(context, settingName);
  if (name === undefined) return undefined;
  const kind = context.features.settings.get(name) ?? null;
  if (kind === null) return fail(context, `unknown setting: '${name}'`, start);
  if (isSyntax(context, '+') || isSyntax(context, '-')) {
    expectSyntax(context, '=');
    if (kind.type !== 'list') fail(context, `${name} is not a list parameter`, start);
    return parseVariables(context);
  }
  if (!isSyntax(context, '='))
    return kind.type === 'flag' ? true : fail(context, `'${name}' is not a boolean setting`, start);
  const at = context.stream.position();
  switch (kind.type) {
    case 'flag':
      return fail(context, `can't assign to boolean setting '${name}'`);
    case 'list':
      return parseVariables(context);
    case 'number': {
      const text = expect(context, numeric, 'nonnegative number');
      return kind.takes(text)
        ? true
        : fail(context, `'${text}' is not a valid value for ${name}`, at);
    }
    case 'text': {
      const text = parseText(context);
      return kind.takes(text)
        ? true
        : fail(context, `'${text}' is not a valid value for ${name}`, at);
    }
  }
}

function parseNegated(context: Context): true {
  const start = context.stream.position();
  const name = expect(context, settingName, 'configuration option');
  const { features } = context;
  const kind = features.settings.get(name) ?? null;
  if (kind?.negatable === true) return true;
  // Older versions have the two messages the wrong way round.
  const unknown = features.commandWords ? kind === null : kind !== null;
  return fail(
    context,
    unknown ? `unknown setting: '${name}'` : `'${name}' cannot be used in a boolean context`,
    start,
  );
}

function parseText(context: Context): string {
  if (!context.stream.eat('"')) return expect(context, plainText, 'non-empty string');
  const text = expect(context, quotedText, 'non-empty string');
  expectSyntax(context, '"');
  return text;
}

const maxVariables = 127;

/** Names, or `NAME=value` within quotes. */
function parseVariables(context: Context): true {
  const variable = token(variableShape(context.features));
  if (!context.stream.eat('"')) {
    expect(context, variable, 'environment variable');
    if (isSyntax(context, '=')) fail(context, 'double quotes are required for VAR=value pairs');
    return true;
  }
  let count = 0;
  while (attempt(context, variable) !== undefined) {
    if (isSyntax(context, '=')) expect(context, plainText, 'non-empty string');
    count += 1;
    if (count > maxVariables) fail(context, 'environment variable list too long');
  }
  expectSyntax(context, '"');
  if (count === 0) fail(context, 'empty string not allowed');
  return true;
}
