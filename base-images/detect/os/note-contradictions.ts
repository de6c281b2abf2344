import { upstreamVersion } from '../debian-version.ts';
import type { Release } from '../../releases/release.ts';
import type { OsFacts, PackageFacts } from '../base-facts.ts';
import type { Look } from '../look.ts';

export interface Claims {
  readonly os: OsFacts;
  readonly packages: PackageFacts;
  /** What the image is said to be. */
  readonly release: Release | undefined;
}

/** Notes where what the image says it is does not go with what is in it. */
export function noteContradictions(look: Look, { os, packages, release }: Claims): void {
  const path = os.source ?? 'etc/os-release';
  const note = (says: string): void => look.note({ path, kind: 'contradiction', says });
  const isDpkg = packages.database === 'dpkg' || packages.database === 'dpkg-d';
  const ids = [os.id, ...os.idLike];
  if (ids.includes('alpine') && isDpkg) note('says Alpine, and the packages are those of dpkg');
  if (ids.includes('debian') && !isDpkg && packages.database !== null)
    note(`says ${os.id}, and the packages are those of ${packages.database}`);
  const { codename } = release?.os ?? {};
  if (codename !== undefined && os.versionCodename !== null && os.versionCodename !== codename)
    note(`says version ${os.versionId}, and the codename ${os.versionCodename}`);
  const libc = packages.get('libc6');
  const expected = release?.image.libc.value.version;
  if (release === undefined || libc === null || expected === undefined) return;
  const found = upstreamVersion(libc.version);
  // A release that is still made has a newer one every half year.
  if (found !== expected && release.support.state !== 'development')
    note(`says ${release.title}, which has libc6 ${expected}, and libc6 ${found} is installed`);
}
