import type { BaseFacts, BaseFamily } from '../base-facts.ts';

/** What the family is told from. */
export type FamilySigns = Pick<BaseFacts, 'os' | 'packages' | 'tools'>;

/** Ids of os-release, and what derivatives are like. */
const redhatIds: ReadonlySet<string> = new Set(['fedora', 'rhel', 'centos', 'amzn', 'ol']);

/**
 * How things are done in an image. The package database says more than os-release, which is copied about; without a shell
 * and without a package manager it is an image for one program alone.
 */
export function familyOf({ os, packages, tools }: FamilySigns): BaseFamily {
  const ids = os.id === null ? [] : [os.id, ...os.idLike];
  if (packages.database === 'dpkg-d') return 'distroless';
  if (tools.shell === null && tools.apt === null && os.id !== null) return 'distroless';
  if (packages.database === 'dpkg') return 'debian';
  if (packages.database === 'apk') return 'alpine';
  const isRedHat = ids.some((id) => redhatIds.has(id));
  if (packages.database === 'rpm') return isRedHat || os.id === null ? 'redhat' : 'other';
  if (isRedHat) return 'redhat';
  if (ids.includes('debian')) return 'debian';
  if (ids.includes('alpine')) return 'alpine';
  return os.id === null && tools.shell === null ? 'scratch' : 'other';
}
