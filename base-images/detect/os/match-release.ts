import type { Release } from '../../releases/release.ts';
import type { OsFacts } from '../base-facts.ts';

export interface ReleaseMatch {
  readonly release: string | null;
  readonly derivedFrom: string | null;
}

/**
 * The release that an image is of, and the one that a derivative was made from. That is told by codenames and by
 * `/etc/debian_version`, never by a derivative's own version.
 */
export function matchRelease(os: OsFacts, releases: readonly Release[]): ReleaseMatch {
  const own = releases.find((release) => isThis(os, release));
  if (own !== undefined) return { release: own.id, derivedFrom: null };
  const isKin = os.idLike.length > 0 && !releases.some((release) => release.os.id === os.id);
  const parent = isKin ? parentOf(os, releases) : undefined;
  return { release: null, derivedFrom: parent?.id ?? null };
}

function isThis(os: OsFacts, release: Release): boolean {
  if (os.id !== release.os.id) return false;
  if (os.versionId === null) return os.versionCodename === release.os.codename;
  // What os-release has are whole releases; lsb-release and others may name a point release.
  return (
    os.versionId === release.os.versionId ||
    (os.source === 'etc/lsb-release' && os.versionId.split('.', 1)[0] === release.os.versionId)
  );
}

function parentOf(os: OsFacts, releases: readonly Release[]): Release | undefined {
  for (const id of os.idLike) {
    const kin = releases.filter((release) => release.os.id === id);
    const codenames = [os.codenameOf.get(id), os.versionCodename];
    const found =
      kin.find((release) => codenames.includes(release.os.codename)) ??
      kin.find((release) => isDebianVersionOf(os.debianVersion, release));
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Only point releases say which one it is: `trixie/sid` is also that of Ubuntu's releases of these years. */
function isDebianVersionOf(version: string | null, { os }: Release): boolean {
  return (
    version !== null && /^\d+(?:\.\d+)+$/.test(version) && version.split('.', 1)[0] === os.versionId
  );
}
