import type { BytePath } from '../../../src/index.ts';
import type { InstalledPackage, PackageFacts } from '../base-facts.ts';
import type { Look } from '../look.ts';
import { parseApkInstalled } from './apk-installed.ts';
import { parseDpkgStatus } from './dpkg-status.ts';
import { noPackages, packageFacts } from './package-list.ts';

/** A desktop of 5,000 packages has 8 MiB. */
const maxDatabaseBytes = 32 * 1024 * 1024;
const maxStatusFiles = 5_000;
const maxStatusFileBytes = 256 * 1024;

const dpkgStatus = 'var/lib/dpkg/status';
const dpkgStatusDirectory = 'var/lib/dpkg/status.d';
const apkDatabases: readonly BytePath[] = ['lib/apk/db/installed', 'usr/lib/apk/db/installed'];
const rpmDatabases: readonly BytePath[] = ['var/lib/rpm', 'usr/lib/sysimage/rpm'].flatMap(
  (directory) => ['rpmdb.sqlite', 'Packages', 'Packages.db'].map((name) => `${directory}/${name}`),
);

/** What the image's package database says is installed: dpkg's, else apk's; of rpm's only that it is there. */
export async function findPackages(look: Look): Promise<PackageFacts> {
  return (
    (await dpkgPackages(look)) ??
    (await dpkgFiles(look)) ??
    (await apkPackages(look)) ??
    (await rpmPresence(look)) ??
    noPackages
  );
}

async function dpkgPackages(look: Look): Promise<PackageFacts | null> {
  const path = dpkgStatus;
  const text = await look.text(path, maxDatabaseBytes);
  // An empty one is there in images without dpkg, too.
  if (text === null || text.trim() === '') return null;
  const { packages, badStanzas } = parseDpkgStatus(text);
  if (badStanzas > 0)
    look.note({ path, kind: 'malformed', says: `has ${badStanzas} stanzas that are no packages` });
  return packages.length === 0 ? null : packageFacts({ database: 'dpkg', path }, packages);
}

async function dpkgFiles(look: Look): Promise<PackageFacts | null> {
  const path = dpkgStatusDirectory;
  const names = (await look.files.names(path)).filter((name) => !name.endsWith('.md5sums'));
  if (names.length > maxStatusFiles)
    look.note({ path, kind: 'too-large', says: `has more than ${maxStatusFiles} files` });
  const packages: InstalledPackage[] = [];
  for (const name of names.slice(0, maxStatusFiles)) {
    const text = await look.text(`${path}/${name}`, maxStatusFileBytes);
    if (text !== null) packages.push(...parseDpkgStatus(text).packages);
  }
  return packages.length === 0 ? null : packageFacts({ database: 'dpkg-d', path }, packages);
}

async function apkPackages(look: Look): Promise<PackageFacts | null> {
  for (const path of apkDatabases) {
    const text = await look.text(path, maxDatabaseBytes);
    if (text !== null) return packageFacts({ database: 'apk', path }, parseApkInstalled(text));
  }
  return null;
}

async function rpmPresence(look: Look): Promise<PackageFacts | null> {
  for (const path of rpmDatabases)
    if ((await look.files.follow(path))?.type === 'file')
      return packageFacts({ database: 'rpm', path }, []);
  return null;
}
