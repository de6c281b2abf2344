import type { InstalledPackage } from '../base-facts.ts';
import { packageOf, stanzasOf } from './stanzas.ts';

export interface DpkgStatus {
  /** Those whose files are there. */
  readonly packages: readonly InstalledPackage[];
  /** Stanzas that lack a name or a version. */
  readonly badStanzas: number;
}

/** States in which a package has no files (dpkg(1), "Package states"). */
const gone: ReadonlySet<string> = new Set(['not-installed', 'config-files']);

const fieldNames: ReadonlySet<string> = new Set(['package', 'version', 'architecture', 'status']);

/** Names of fields are the same in both cases. */
function keyOf(name: string): string | undefined {
  const key = name.toLowerCase();
  return fieldNames.has(key) ? key : undefined;
}

/** Reads dpkg's status file. */
export function parseDpkgStatus(text: string): DpkgStatus {
  const packages: InstalledPackage[] = [];
  let badStanzas = 0;
  for (const fields of stanzasOf(text, keyOf)) {
    // Images without dpkg have a file a package and no state.
    const status = fields.get('status')?.split(/\s+/)[2] ?? 'installed';
    if (gone.has(status)) continue;
    const found = packageOf({
      name: fields.get('package'),
      version: fields.get('version'),
      architecture: fields.get('architecture'),
      status: /^[a-z-]{1,40}$/.test(status) ? status : 'unknown',
    });
    if (found === null) badStanzas += 1;
    else packages.push(found);
  }
  return { packages, badStanzas };
}
