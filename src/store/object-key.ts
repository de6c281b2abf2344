import { AshlarError } from '../errors/ashlar-error.ts';

/** The longest key. Ample for digests and names, and below what S3 (1,024) takes together with a prefix. */
const maxKeyBytes = 512;

const maxSegmentBytes = 255;
const segmentPattern = /^(?:[A-Za-z0-9._-]|%[0-9A-Fa-f]{2})+$/;
const partialSegmentPattern = /^(?:[A-Za-z0-9._-]|%[0-9A-Fa-f]{2})*(?:%[0-9A-Fa-f]?)?$/;

/**
 * Whether `key` can name an object: segments of `[A-Za-z0-9._-]` and `%XX` escapes joined by `/`, none empty,
 * none `.` or `..`, none above 255 bytes (the limit of file names), 512 bytes in all. Escapes are part of the name
 * and never decoded. Names that start with `.nfs` are kept for what NFS leaves of deleted open files.
 */
export function isObjectKey(key: string): boolean {
  return key.length <= maxKeyBytes && key.split('/').every(isKeySegment);
}

/** Throws `object_key_invalid` when `key` is none. */
export function checkObjectKey(key: string): void {
  if (!isObjectKey(key)) throw invalidKey('an object key', key);
}

/** Throws `object_key_invalid` when no key can start with `prefix`. */
export function checkKeyPrefix(prefix: string): void {
  const segments = prefix.split('/');
  const last = segments.pop() ?? '';
  const startsKeys =
    prefix.length <= maxKeyBytes &&
    segments.every(isKeySegment) &&
    last.length <= maxSegmentBytes &&
    partialSegmentPattern.test(last);
  if (!startsKeys) throw invalidKey('a key prefix', prefix);
}

export function isKeySegment(segment: string): boolean {
  return (
    segment.length <= maxSegmentBytes &&
    segmentPattern.test(segment) &&
    segment !== '.' &&
    segment !== '..' &&
    !segment.startsWith('.nfs')
  );
}

function invalidKey(kind: string, text: string): AshlarError {
  const shown = JSON.stringify(text.slice(0, 200));
  return new AshlarError('object_key_invalid', `not ${kind}: ${shown}`, {
    data: { key: text.slice(0, 200) },
  });
}
