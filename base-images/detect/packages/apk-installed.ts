import type { InstalledPackage } from '../base-facts.ts';
import { packageOf, stanzasOf } from './stanzas.ts';

/** Letters in the other case mean something else (Alpine wiki, "Apk spec", "Installed Database V2"). */
const keys: ReadonlyMap<string, string> = new Map([
  ['P', 'name'],
  ['V', 'version'],
  ['A', 'architecture'],
]);

/** Reads apk's database of what is installed. */
export function parseApkInstalled(text: string): readonly InstalledPackage[] {
  const packages: InstalledPackage[] = [];
  for (const fields of stanzasOf(text, (name) => keys.get(name))) {
    const found = packageOf({
      name: fields.get('name'),
      version: fields.get('version'),
      architecture: fields.get('architecture'),
      status: 'installed',
    });
    if (found !== null) packages.push(found);
  }
  return packages;
}
