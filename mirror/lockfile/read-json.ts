import { printParseErrorCode, visit } from 'jsonc-parser';
import { invalidLockfile } from './lockfile-errors.ts';
import { maxDepth, type SourceNode } from './source-tree.ts';

interface OpenObject {
  readonly type: 'object';
  readonly line: number;
  readonly members: Map<string, SourceNode>;
  key: string;
}
interface OpenArray {
  readonly type: 'array';
  readonly line: number;
  readonly items: SourceNode[];
}

/**
 * Parses JSON (RFC 8259), or with `commented` JSON with comments and trailing commas. Throws `lockfile_invalid` with the
 * line for what is not well-formed, for a key that stands twice in one object, and for more than `maxDepth` levels.
 */
export function readJson(text: string, name: string, dialect: 'plain' | 'commented'): SourceNode {
  // Everything that comes from npm takes a byte order mark.
  const base = text.startsWith('\uFEFF') ? 1 : 0;
  const open: (OpenObject | OpenArray)[] = [];
  let root: SourceNode | undefined;
  const fail = (line: number, what: string): never => {
    throw invalidLockfile({ name, line: line + 1 }, what);
  };
  const add = (node: SourceNode): void => {
    const parent = open.at(-1);
    if (parent === undefined) root = node;
    else if (parent.type === 'array') parent.items.push(node);
    else parent.members.set(parent.key, node);
  };
  const enter = (node: OpenObject | OpenArray): void => {
    if (open.length === maxDepth) fail(node.line - 1, `nested more than ${maxDepth} levels deep`);
    add(node);
    open.push(node);
  };
  const body = base === 0 ? text : text.slice(base);
  visit(
    body,
    {
      onObjectBegin: (_offset, _length, line) =>
        enter({ type: 'object', line: line + 1, members: new Map(), key: '' }),
      onArrayBegin: (_offset, _length, line) => enter({ type: 'array', line: line + 1, items: [] }),
      onObjectEnd: () => void open.pop(),
      onArrayEnd: () => void open.pop(),
      onObjectProperty(key, _offset, _length, line) {
        const parent = open.at(-1);
        if (parent?.type !== 'object') return;
        if (parent.members.has(key)) fail(line, `the key ${JSON.stringify(key)} stands twice`);
        parent.key = key;
      },
      onLiteralValue(value: string | number | boolean | null, offset, length, line) {
        const quotes = typeof value === 'string' ? 1 : 0;
        const start = base + offset + quotes;
        const end = base + offset + length - quotes;
        const form = quotes === 1 ? 'json' : 'bare';
        add({ type: 'scalar', line: line + 1, value, start, end, form });
      },
      onError: (code, _offset, _length, line) =>
        fail(line, `not well-formed JSON: ${wordsOf(printParseErrorCode(code))}`),
    },
    {
      disallowComments: dialect === 'plain',
      allowTrailingComma: dialect === 'commented',
    },
  );
  return root ?? fail(0, 'the file is empty');
}

/** `CommaExpected` becomes `comma expected`. */
function wordsOf(code: string): string {
  return code.replaceAll(/\B[A-Z]/g, ' $&').toLowerCase();
}
