/** A parsed document whose values know where in the text they stand. */
export type SourceNode = SourceObject | SourceArray | SourceScalar;

export interface SourceObject {
  readonly type: 'object';
  readonly line: number;
  readonly members: ReadonlyMap<string, SourceNode>;
}

export interface SourceArray {
  readonly type: 'array';
  readonly line: number;
  readonly items: readonly SourceNode[];
}

export interface SourceScalar {
  readonly type: 'scalar';
  readonly line: number;
  readonly value: string | number | boolean | null;
  /** Where the characters of the value stand, without quotes; the end is past the last. */
  readonly start: number;
  readonly end: number;
  readonly form: ScalarForm;
}

/**
 * How a scalar is written: `json` with quotes and escapes, `bare` without quotes, `single` with single quotes. The value
 * of a `folded` one, which goes over several lines, is its text as it stands.
 */
export type ScalarForm = 'json' | 'bare' | 'single' | 'folded';

/** Deeper than any lockfile: nested dependencies of npm reach some dozens. */
export const maxDepth = 200;

/** The member of an object; undefined where the node is none, or has no such member. */
export function memberOf(node: SourceNode | undefined, key: string): SourceNode | undefined {
  return node?.type === 'object' ? node.members.get(key) : undefined;
}

/** The members of an object; none where the node is no object. */
export function membersOf(node: SourceNode | undefined): Iterable<readonly [string, SourceNode]> {
  return node?.type === 'object' ? node.members : [];
}

/** The scalar that is a string. */
export function stringOf(
  node: SourceNode | undefined,
): (SourceScalar & { readonly value: string }) | undefined {
  return node?.type === 'scalar' && typeof node.value === 'string'
    ? { ...node, value: node.value }
    : undefined;
}
