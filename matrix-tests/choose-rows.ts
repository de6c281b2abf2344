import type { Row, RowKind } from './row/row.ts';

/** What was asked of a run names something that is not there. */
export class UnknownChoice extends Error {
  readonly known: readonly string[];

  constructor(message: string, known: readonly string[]) {
    super(message);
    this.known = known;
  }
}

export interface RowChoice {
  readonly kinds: readonly RowKind[];
  /** Names of releases or rows, such as `ubuntu:18.04`, `ubuntu-18.04` and `sudoers-crlf`; all where there are none. */
  readonly names: readonly string[];
}

/**
 * The rows of these kinds that have one of the names. Throws `UnknownChoice` for a name that fits no row at all, and where no
 * row of these kinds has one of the names.
 */
export function chooseRows(rows: readonly Row[], { kinds, names }: RowChoice): readonly Row[] {
  const wanted = names.map(plainName);
  wanted.forEach((name, index) => {
    if (rows.some((row) => isNamed(row, name))) return;
    const known = new Set([
      ...rows.flatMap(({ release }) => release ?? []),
      ...rows.map(({ id }) => id),
    ]);
    throw new UnknownChoice(`no row or release is called ${names[index] ?? name}`, [...known]);
  });
  const meant = rows.filter(
    (row) => wanted.length === 0 || wanted.some((name) => isNamed(row, name)),
  );
  const chosen = meant.filter(({ kind }) => kinds.includes(kind));
  if (chosen.length > 0) return chosen;
  throw new UnknownChoice(
    `no row of the kind ${kinds.join(', ')} is called ${names.join(', ')}`,
    meant.map(({ id, kind }) => `${id} (${kind})`),
  );
}

/** As releases are named: `docker.io/library/ubuntu:18.04` is `ubuntu-18.04`. */
function plainName(name: string): string {
  return name.toLowerCase().trim().replace(/^.*\//, '').replace(/[: ]/g, '-');
}

function isNamed({ id, release, kind }: Row, name: string): boolean {
  return id === name || (release === name && kind !== 'awkward');
}
