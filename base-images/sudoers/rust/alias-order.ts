import type { AliasDefinition } from './syntax.ts';

/**
 * The aliases, each after those that it names, with complaints between them. The first of one name counts. Done with a stack of its own, as
 * chains of aliases can be as long as the file.
 */
export function* orderAliases<Value>(
  table: readonly AliasDefinition<Value>[],
): Generator<AliasDefinition<Value> | string> {
  const byName = new Map<string, AliasDefinition<Value>>();
  for (const definition of table)
    if (!byName.has(definition.name)) byName.set(definition.name, definition);
  const seen = new Set<AliasDefinition<Value>>();
  const done = new Set<AliasDefinition<Value>>();
  const names = new Set<string>();
  for (const root of table) {
    if (names.has(root.name)) {
      yield `multiple occurrences of '${root.name}'`;
      continue;
    }
    names.add(root.name);
    const stack: { definition: AliasDefinition<Value>; next: number }[] = [];
    const enter = (definition: AliasDefinition<Value>): string | null => {
      if (seen.has(definition))
        return done.has(definition) ? null : `recursive alias: '${definition.name}'`;
      seen.add(definition);
      stack.push({ definition, next: 0 });
      return null;
    };
    const complaint = enter(root);
    if (complaint !== null) yield complaint;
    for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
      const member = top.definition.members[top.next];
      top.next += 1;
      if (member === undefined) {
        stack.pop();
        done.add(top.definition);
        yield top.definition;
      } else if (member.meta.kind === 'alias') {
        const inner = byName.get(member.meta.name);
        const what = inner === undefined ? `undefined alias: '${member.meta.name}'` : enter(inner);
        if (what !== null) yield what;
      }
    }
  }
}
