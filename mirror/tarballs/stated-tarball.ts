import { AshlarError } from '../../src/index.ts';
import type { RequestLedger } from '../../src/network.ts';
import type { PackumentForm } from '../cache/cache-paths.ts';
import type { Indexes } from '../documents/indexes.ts';
import type { Packuments } from '../documents/packuments.ts';
import { type PackumentVersion, versionsOfFile } from '../packument/packument-index.ts';
import type { View } from '../registries/view.ts';

export interface TarballName {
  readonly view: View;
  readonly name: string;
  /** What comes after `/-/` in its path. */
  readonly file: string;
}

export interface StatedTarballs {
  /**
   * The versions whose tarball this is, as the packument has them: that which is kept, in whatever form and however old; the
   * one that upstream confirms now where that does not know the file. Throws `package_not_found` where upstream knows none
   * either, and the failures of fetching a packument.
   */
  find(tarball: TarballName, ledger: RequestLedger): Promise<readonly PackumentVersion[]>;
  /** The same as upstream confirms it now. */
  confirm(tarball: TarballName, ledger: RequestLedger): Promise<readonly PackumentVersion[]>;
}

interface Parts {
  readonly packuments: Packuments;
  readonly indexes: Indexes;
  /** Aborted when the mirror ends. */
  readonly signal: AbortSignal;
}

interface Look {
  readonly form: PackumentForm;
  readonly freshness: 'kept' | 'any' | 'confirmed';
}

const confirmed: Look = { form: 'abbreviated', freshness: 'confirmed' };
/** The abbreviated form is smaller, so that one is fetched where none is kept. */
const looks: readonly Look[] = [
  { form: 'full', freshness: 'kept' },
  { form: 'abbreviated', freshness: 'any' },
  confirmed,
];

export function createStatedTarballs(parts: Parts): StatedTarballs {
  return {
    find: (tarball, ledger) => find(parts, tarball, { ledger, looks }),
    confirm: (tarball, ledger) => find(parts, tarball, { ledger, looks: [confirmed] }),
  };
}

async function find(
  { packuments, indexes, signal }: Parts,
  { view, name, file }: TarballName,
  { ledger, looks }: { readonly ledger: RequestLedger; readonly looks: readonly Look[] },
): Promise<readonly PackumentVersion[]> {
  let staleBecause: string | null = null;
  for (const { form, freshness } of looks) {
    const target = { view, name, form };
    const asked =
      freshness === 'kept' ? null : await packuments.find(target, { ledger, signal, freshness });
    staleBecause = asked?.staleBecause ?? null;
    const found = asked?.record ?? (await packuments.kept(target));
    const index = found === null ? null : await indexes.find(found.body);
    if (found !== null && index === null) packuments.forget(target);
    const versions =
      index === null ? [] : versionsOfFile(index, file.slice(file.lastIndexOf('/') + 1));
    if (versions.length > 0) return versions;
  }
  if (staleBecause !== null) {
    const problem = `whether ${name} has a version with the file ${file} is not known`;
    throw new AshlarError('registry_unavailable', `${problem}: ${staleBecause}`);
  }
  throw new AshlarError('package_not_found', `${name} has no version with the file ${file}`, {
    data: { package: name, file, registry: view.registry.name, status: 404 },
  });
}
