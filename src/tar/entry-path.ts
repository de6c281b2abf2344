import type { BytePath } from '../bytes/byte-path.ts';
import type { TarLimits } from './tar-limits.ts';
import { hostileTar, invalidTar, type TarPlace } from './tar-place.ts';

/**
 * The path of an entry below the root that it is unpacked in: leading and doubled slashes, `.` components and
 * trailing slashes are dropped, as GNU tar and docker do; the root itself is `''`. Throws `layer_hostile` for
 * any `..` component (GNU tar refuses them too; behind a symbolic link even `a/../b` leads elsewhere), a NUL, a
 * component or a path beyond the limits, and `layer_invalid` for an empty name. `what` names it in messages.
 */
export function normalisedPath(raw: BytePath, what: string, checks: PathChecks): BytePath {
  const { limits, place } = checks;
  if (raw === '') throw invalidTar(place, `the ${what} is empty`);
  let start = 0;
  while (raw.startsWith('./', start)) start += 2;
  const end = raw.endsWith('/') ? raw.length - 1 : raw.length;
  const trimmed = start === 0 && end === raw.length ? raw : raw.slice(start, Math.max(start, end));
  const path = isNormal(trimmed, limits.maxNameBytes) ? trimmed : rebuilt(trimmed, what, checks);
  if (path.length > limits.maxPathBytes) throw tooLong(what, limits.maxPathBytes, place);
  return path;
}

export interface PathChecks {
  readonly limits: TarLimits;
  readonly place: TarPlace;
}

/** Throws unless `target` can be the target of a symbolic link; its bytes are otherwise free. */
export function checkSymlinkTarget(target: BytePath, { limits, place }: PathChecks): void {
  if (target === '') throw invalidTar(place, 'the target of the symbolic link is empty');
  if (target.includes('\0')) throw hostileTar(place, 'the target of the symbolic link has a NUL');
  if (target.length > limits.maxPathBytes) {
    throw tooLong('target of the symbolic link', limits.maxPathBytes, place);
  }
}

const slash = 0x2f;
const dot = 0x2e;

/** True when the path is what `rebuilt` would make of it. */
function isNormal(path: BytePath, maxNameBytes: number): boolean {
  let start = 0;
  for (let at = 0; at <= path.length; at++) {
    const byte = at < path.length ? path.charCodeAt(at) : slash;
    if (byte === 0) return false;
    if (byte !== slash) continue;
    const length = at - start;
    if (length === 0 || length > maxNameBytes) return false;
    if (length <= 2 && path.charCodeAt(start) === dot) {
      if (length === 1 || path.charCodeAt(start + 1) === dot) return false;
    }
    start = at + 1;
  }
  return true;
}

function rebuilt(path: BytePath, what: string, { limits, place }: PathChecks): BytePath {
  if (path.includes('\0')) throw hostileTar(place, `the ${what} has a NUL`);
  const names = path.split('/').filter((name) => name !== '' && name !== '.');
  if (names.includes('..')) {
    throw hostileTar(place, `the ${what} has a ".." component, which may climb out of the root`);
  }
  if (names.some((name) => name.length > limits.maxNameBytes)) {
    throw tooLong(`name in the ${what}`, limits.maxNameBytes, place);
  }
  return names.join('/');
}

function tooLong(what: string, maxBytes: number, place: TarPlace): Error {
  return hostileTar(place, `the ${what} is longer than the limit of ${maxBytes} bytes`);
}
