import type { Fact, Release } from './release.ts';

export interface NamedFact {
  /** Where it stands in the release, as in `sudoers.include`. */
  readonly name: string;
  readonly fact: Fact<unknown>;
  /** What null means: that there is none, or that nobody has seen it. */
  readonly whenNull: 'none' | 'not-known';
}

/** Of all facts that may be null, those that say so that there is none. */
const noneWhenNull: ReadonlySet<string> = new Set([
  'image.reference',
  'image.runSystemdContainer',
  'sudo.sudoRs',
  'users.uid1000',
  'boot.systemd',
]);

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
  if (isFact(value))
    return [{ name, fact: value, whenNull: noneWhenNull.has(name) ? 'none' : 'not-known' }];
  return Object.entries(value).flatMap(([key, inner]) =>
    factsIn(name === '' ? key : `${name}.${key}`, inner),
  );
}

function isFact(value: object): value is Fact<unknown> {
  return 'verified' in value && 'source' in value && 'value' in value;
}
