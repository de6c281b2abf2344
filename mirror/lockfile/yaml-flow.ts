import { maxDepth, type SourceNode } from './source-tree.ts';
import { endOfLine, isAtEndOfLine, isBlank, skipBlanks, type YamlCursor } from './yaml-cursor.ts';
import { readPlain, readQuoted } from './yaml-scalars.ts';

/**
 * Reads a flow collection, `{...}` or `[...]` (YAML 1.2, 7.4), on one line or several; the cursor stands at its bracket,
 * and past the other one then. `depth` is how many collections it stands in.
 */
export function readFlow(cursor: YamlCursor, depth: number): SourceNode {
  if (depth >= maxDepth) cursor.fail(`nested more than ${maxDepth} levels deep`);
  return cursor.text[cursor.position] === '{'
    ? readFlowObject(cursor, depth)
    : readFlowArray(cursor, depth);
}

function readFlowObject(cursor: YamlCursor, depth: number): SourceNode {
  const line = cursor.lineAt(cursor.position);
  const members = new Map<string, SourceNode>();
  cursor.position += 1;
  for (;;) {
    skipSpace(cursor);
    if (cursor.text[cursor.position] === '}') break;
    const keyAt = cursor.position;
    const isQuoted = /["']/.test(cursor.text[keyAt] ?? '');
    const key = isQuoted ? readQuoted(cursor) : readPlain(cursor, 'flow');
    skipSpace(cursor);
    if (cursor.text[cursor.position] !== ':') cursor.fail('a key without a colon', keyAt);
    cursor.position += 1;
    skipSpace(cursor);
    if (members.has(key.value ?? '')) {
      cursor.fail(`the key ${JSON.stringify(key.value)} stands twice`, keyAt);
    }
    members.set(key.value ?? '', readFlowValue(cursor, depth));
    if (isLast(cursor, '}')) break;
  }
  cursor.position += 1;
  return { type: 'object', line, members };
}

function readFlowArray(cursor: YamlCursor, depth: number): SourceNode {
  const line = cursor.lineAt(cursor.position);
  const items: SourceNode[] = [];
  cursor.position += 1;
  for (;;) {
    skipSpace(cursor);
    if (cursor.text[cursor.position] === ']') break;
    items.push(readFlowValue(cursor, depth));
    if (isLast(cursor, ']')) break;
  }
  cursor.position += 1;
  return { type: 'array', line, items };
}

function readFlowValue(cursor: YamlCursor, depth: number): SourceNode {
  const char = cursor.text[cursor.position];
  if (char === '{' || char === '[') return readFlow(cursor, depth + 1);
  if (char === '"' || char === "'") return readQuoted(cursor);
  return readPlain(cursor, 'flow');
}

/** Goes past the comma after a value; true where the bracket stands in its place. */
function isLast(cursor: YamlCursor, bracket: string): boolean {
  skipSpace(cursor);
  const char = cursor.text[cursor.position];
  if (char === bracket) return true;
  if (char !== ',') cursor.fail(`no comma or ${bracket} after a value`);
  cursor.position += 1;
  return false;
}

/** Goes past spaces, line breaks and comments; throws at the end of the text. */
function skipSpace(cursor: YamlCursor): void {
  const { text } = cursor;
  for (;;) {
    skipBlanks(cursor);
    const char = text[cursor.position];
    if (char === undefined) cursor.fail('a bracket that is never closed');
    if (char === '#' && isAtEndOfLine(cursor)) cursor.position = endOfLine(cursor, cursor.position);
    else if (char === '\n' || char === '\r') cursor.position += 1;
    else if (!isBlank(char)) return;
  }
}
