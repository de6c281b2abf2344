/** What the name behind FROM or COPY --from means at one stage. */
export type StageReference =
  | { readonly kind: 'stage'; readonly index: number }
  | { readonly kind: 'image'; readonly reference: string }
  /** A stage that is not finished where the name stands: a later one, or the stage itself. */
  | { readonly kind: 'unfinished'; readonly index: number }
  | { readonly kind: 'no-such-index' };

export interface NamedStage {
  readonly index: number;
  readonly name: string | undefined;
}

/** COPY --from takes names and numbers of stages. Letter case does not count. */
export function resolveCopyFrom(
  name: string,
  stages: readonly NamedStage[],
  current: number,
): StageReference {
  const number = /^[+-]?\d+$/.test(name) ? Number(name) : undefined;
  if (number !== undefined) {
    if (number < 0 || number >= stages.length) return { kind: 'no-such-index' };
    return { kind: number < current ? 'stage' : 'unfinished', index: number };
  }
  const found = findStage(name, stages);
  if (found === undefined) return { kind: 'image', reference: name };
  return { kind: found < current ? 'stage' : 'unfinished', index: found };
}

/** FROM takes names of earlier stages; the name of a later one is an image's. */
export function resolveFrom(
  base: string,
  stages: readonly NamedStage[],
  current: number,
): StageReference {
  const found = findStage(base, stages.slice(0, current));
  return found === undefined ? { kind: 'image', reference: base } : { kind: 'stage', index: found };
}

function findStage(name: string, stages: readonly NamedStage[]): number | undefined {
  const wanted = name.toLowerCase();
  return stages.findLast((stage) => stage.name === wanted)?.index;
}
