import { AshlarError } from '../../../src/index.ts';

export interface PackageName {
  /** `name` or `@scope/name`, as npm writes it. */
  readonly name: string;
  /** With its `@`; null for names without. */
  readonly scope: string | null;
  /** The name without its scope. */
  readonly unscoped: string;
}

/** npm's limit for names, scope included (docs: package.json, name). */
const maxNameBytes = 214;

/** What encodeURIComponent leaves as it is: the characters of npm's names, upper case among them for legacy ones. */
const part = /^[A-Za-z0-9!~*'()_-][A-Za-z0-9!~*'()._-]*$/;

/** Names that npm's registry has for itself. */
const reserved = new Set(['node_modules', 'favicon.ico']);

/**
 * Reads the name of a package from a path or a lockfile: plain or percent-encoded once (`@s/p`, `@s%2fp`, `%40s%2Fp`). The
 * rules are those of npm's validate-npm-package-name for packages that exist: upper case and `~'!()*` are legal, names of
 * node's modules too; a leading `.` is not, neither in a scope, nor a leading `_` without a scope; 214 bytes at most.
 * Anything else throws `package_name_invalid`, above all what would climb out of a folder.
 */
export function parsePackageName(text: string): PackageName {
  const name = decodeOnce(text);
  const parsed = name === null || name.length > maxNameBytes ? null : split(name);
  if (parsed === null) {
    const shown = JSON.stringify(text.slice(0, 300));
    throw new AshlarError('package_name_invalid', `not the name of a package: ${shown}`, {
      data: { name: text.slice(0, 300) },
    });
  }
  return parsed;
}

/** `text` with its percent escapes decoded, once; null when they are malformed. */
export function decodeOnce(text: string): string | null {
  if (!text.includes('%')) return text;
  try {
    return decodeURIComponent(text);
  } catch (error) {
    if (error instanceof URIError) return null;
    throw error;
  }
}

function split(name: string): PackageName | null {
  const slash = name.indexOf('/');
  if (name[0] === '@') {
    const scope = name.slice(1, slash);
    const unscoped = name.slice(slash + 1);
    const isName = slash > 0 && part.test(scope) && part.test(unscoped);
    return isName ? { name, scope: `@${scope}`, unscoped } : null;
  }
  const isName = part.test(name) && name[0] !== '_' && !reserved.has(name.toLowerCase());
  return isName ? { name, scope: null, unscoped: name } : null;
}
