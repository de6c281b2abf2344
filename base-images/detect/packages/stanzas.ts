import { eachLine } from '../../text/lines.ts';
import type { InstalledPackage } from '../base-facts.ts';

/** More than any distribution has. */
const maxStanzas = 200_000;

/** A longer line is no field that is wanted here. */
const maxLineLength = 1_000;

/** The fields of a stanza that are wanted. */
export type Stanza = ReadonlyMap<string, string>;

/**
 * Stanzas of `name: value` lines with empty lines between them, as dpkg (deb-control(5)) and apk have them, the first
 * 200,000. Kept are the fields for which `keyOf` gives a name.
 */
export function* stanzasOf(
  text: string,
  keyOf: (name: string) => string | undefined,
): Iterable<Stanza> {
  let fields = new Map<string, string>();
  let isOpen = false;
  let count = 0;
  for (const line of eachLine(text)) {
    if (line.trim() === '') {
      if (isOpen) yield fields;
      if (isOpen) count += 1;
      if (count >= maxStanzas) return;
      fields = new Map();
      isOpen = false;
      continue;
    }
    isOpen = true;
    const colon = line.length > maxLineLength ? -1 : line.indexOf(':');
    const key = keyOf(line.slice(0, Math.max(colon, 0)));
    if (key !== undefined) fields.set(key, line.slice(colon + 1).trim());
  }
  if (isOpen) yield fields;
}

/** A package whose name and version are ones (Debian Policy, section 5.6; apk's differ in little); else null. */
export function packageOf(named: {
  readonly name: string | undefined;
  readonly version: string | undefined;
  readonly architecture: string | undefined;
  readonly status: string;
}): InstalledPackage | null {
  const { name = '', version = '', architecture = '', status } = named;
  if (!/^[A-Za-z0-9][A-Za-z0-9+._-]{0,199}$/.test(name)) return null;
  if (!/^[A-Za-z0-9.+:~_-]{1,200}$/.test(version)) return null;
  return {
    name,
    version,
    architecture: /^[\w-]{1,40}$/.test(architecture) ? architecture : '',
    status,
  };
}
