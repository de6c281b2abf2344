import { AshlarError } from '../errors/ashlar-error.ts';
import { maxDiskBytes, minDiskBytes } from '../ext4/geometry.ts';
import { chunkBytes } from '../tree/inode.ts';

const factors: Readonly<Record<string, number>> = {
  '': 1,
  k: 1024,
  m: 1024 ** 2,
  g: 1024 ** 3,
  t: 1024 ** 4,
};

/** Reads a size such as `512M`, `10G` or `1048576`; units are binary. Throws `config_invalid` naming the option. */
export function parseSize(text: string, option: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*([kmgt]?)(?:i?b)?$/i.exec(text.trim());
  const bytes =
    match === null
      ? Number.NaN
      : Math.round(Number(match[1]) * (factors[(match[2] ?? '').toLowerCase()] ?? 1));
  if (!Number.isSafeInteger(bytes) || bytes <= 0) {
    throw new AshlarError('config_invalid', `${option} is not a size: ${JSON.stringify(text)}`, {
      hint: 'Write a number with a unit, such as 512M or 10G.',
    });
  }
  return bytes;
}

/**
 * Reads a size of a disk: rounded up to a multiple of 64 KiB. Throws `config_invalid` too for one that no disk can have.
 */
export function parseDiskSize(text: string, option: string): number {
  const diskBytes = Math.ceil(parseSize(text, option) / chunkBytes) * chunkBytes;
  if (diskBytes >= minDiskBytes && diskBytes <= maxDiskBytes) return diskBytes;
  const bound =
    diskBytes < minDiskBytes ? 'small: 16M is the least' : 'large: it must be below 16T';
  throw new AshlarError('config_invalid', `${option} ${text} is too ${bound}`, {
    hint: 'Write a size such as 2G; what is not written to takes no room.',
  });
}

const durationFactors: Readonly<Record<string, number>> = {
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** Reads a duration such as `90s`, `15m`, `24h` or `7d` as milliseconds. Throws `config_invalid` naming the option. */
export function parseDuration(text: string, option: string): number {
  const match = /^(\d+(?:\.\d+)?)([smhd])$/.exec(text.trim());
  if (match === null) {
    throw new AshlarError(
      'config_invalid',
      `${option} is not a duration: ${JSON.stringify(text)}`,
      {
        hint: 'Write a number with a unit, such as 90s, 15m, 24h or 7d.',
      },
    );
  }
  return Number(match[1]) * (durationFactors[match[2] ?? ''] ?? 1);
}
