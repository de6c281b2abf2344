import type { Fact, Release } from './release.ts';

export interface NamedFact {
  /** Where it stands in the release, as in `sudoers.include`. */
  readonly name: string;
  readonly fact: Fact<unknown>;
}

/**
 * All facts of a release by their names, in the order of its file; notes are numbered. Left out are those of packages and
 * the text of the sudoers file.
 */
export function listFacts(release: Release): readonly NamedFact[] {
  const { packages: _packages, ...image } = release.image;
  const { text: _text, ...sudoers } = release.sudoers;
  return factsIn('', { ...release, image, sudoers });
}

function factsIn(name: string, value: unknown): readonly NamedFact[] {
  if (value === null || typeof value !== 'object') return [];
  if (isFact(value)) return [{ name, fact: value }];
  return Object.entries(value).flatMap(([key, inner]) =>
    factsIn(name === '' ? key : `${name}.${key}`, inner),
  );
}

function isFact(value: object): value is Fact<unknown> {
  return 'verified' in value && 'source' in value && 'value' in value;
}
