import type { InstalledPackage, PackageFacts } from '../base-facts.ts';

/** Packages by name; of several architectures the native one is given. */
export function packageFacts(
  where: Pick<PackageFacts, 'database' | 'path'>,
  packages: readonly InstalledPackage[],
): PackageFacts {
  const native = nativeArchitecture(packages);
  const byName = new Map<string, InstalledPackage>();
  for (const one of packages)
    if (!byName.has(one.name) || one.architecture === native) byName.set(one.name, one);
  return { ...where, count: packages.length, get: (name) => byName.get(name) ?? null };
}

export const noPackages: PackageFacts = packageFacts({ database: null, path: null }, []);

/** That of the package manager itself; else that of most. */
function nativeArchitecture(packages: readonly InstalledPackage[]): string | undefined {
  const manager = packages.find(({ name }) => name === 'dpkg' || name === 'apk-tools');
  if (manager !== undefined) return manager.architecture;
  const counts = new Map<string, number>();
  for (const { architecture } of packages)
    if (architecture !== 'all' && architecture !== 'noarch')
      counts.set(architecture, (counts.get(architecture) ?? 0) + 1);
  return [...counts].toSorted(([, one], [, other]) => other - one)[0]?.[0];
}
