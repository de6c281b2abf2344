import type { SourceNode, SourceScalar } from '../../../mirror/lockfile/source-tree.ts';

/** What a usual parser gives for the same document. */
export function plainValue(node: SourceNode): unknown {
  if (node.type === 'scalar') return node.value;
  if (node.type === 'array') return node.items.map(plainValue);
  return Object.fromEntries([...node.members].map(([key, value]) => [key, plainValue(value)]));
}

export function scalarsOf(node: SourceNode): SourceScalar[] {
  if (node.type === 'scalar') return [node];
  return [...(node.type === 'array' ? node.items : node.members.values())].flatMap(scalarsOf);
}
