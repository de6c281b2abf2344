import { AshlarError } from '../errors/ashlar-error.ts';
import type { Origin } from './origin.ts';

/** What an image runs on, in Go's names (OCI image-spec 1.1, image-index.md, "platform"). */
export interface Platform {
  readonly os: string;
  readonly architecture: string;
  /** `v7` of arm, `v3` of amd64; null for the common one (`v8` of arm64 and `v1` of amd64 become null). */
  readonly variant: string | null;
}

const architectureNames: Readonly<Record<string, string>> = {
  x86_64: 'amd64',
  'x86-64': 'amd64',
  aarch64: 'arm64',
  i386: '386',
  i686: '386',
  armhf: 'arm',
  armel: 'arm',
};

const architectureOfNode: Readonly<Partial<Record<NodeJS.Architecture, string>>> = {
  x64: 'amd64',
  ia32: '386',
  ppc64: 'ppc64le',
};

/** Linux on the processor that this program runs on. */
export function hostPlatform(arch: NodeJS.Architecture = process.arch): Platform {
  return normalisePlatform({
    os: 'linux',
    architecture: architectureOfNode[arch] ?? arch,
    variant: null,
  });
}

/** Reads `os/architecture[/variant]` or `architecture` alone; throws `invalid_request`. */
export function parsePlatform(text: string): Platform {
  const parts = text.split('/');
  if (parts.length > 3 || parts.some((part) => !/^[A-Za-z0-9][A-Za-z0-9_.-]{0,39}$/.test(part))) {
    throw new AshlarError(
      'invalid_request',
      `not a platform: ${JSON.stringify(text.slice(0, 100))}`,
      {
        hint: 'Write a platform as os/architecture[/variant], for example linux/amd64.',
      },
    );
  }
  const [first = '', second, third] = parts;
  return second === undefined
    ? normalisePlatform({ os: 'linux', architecture: first, variant: null })
    : normalisePlatform({ os: first, architecture: second, variant: third ?? null });
}

export function formatPlatform({ os, architecture, variant }: Platform): string {
  return `${os}/${architecture}${variant === null ? '' : `/${variant}`}`;
}

/** Puts names into the form that comparisons need: lower case, Go's architectures, no common variant. */
export function normalisePlatform(platform: Platform): Platform {
  const os = platform.os.toLowerCase();
  const written = platform.architecture.toLowerCase();
  const architecture = architectureNames[written] ?? written;
  const variant = platform.variant?.toLowerCase().replace(/^(?=[0-9])/, 'v') ?? null;
  const common =
    variant === '' ||
    (architecture === 'arm64' && variant === 'v8') ||
    (architecture === 'amd64' && variant === 'v1');
  return { os, architecture, variant: common ? null : variant };
}

/**
 * Of `offered`, the entry that suits `wanted` best, or undefined: the same variant, else the newest older
 * one that the processor runs as well (arm v7 runs v6; amd64 v3 runs v2 and v1). Of equals the first wins,
 * as the image-spec says.
 */
export function choosePlatform<T>(
  offered: readonly T[],
  platformOf: (entry: T) => Platform | null,
  wanted: Platform,
): T | undefined {
  for (const variant of runnableVariants(wanted)) {
    const found = offered.find((entry) => {
      const platform = platformOf(entry);
      return (
        platform !== null &&
        platform.os === wanted.os &&
        platform.architecture === wanted.architecture &&
        platform.variant === variant
      );
    });
    if (found !== undefined) return found;
  }
  return undefined;
}

/** True when a machine of platform `wanted` runs what is made for `offered`. */
export function suitsPlatform(offered: Platform, wanted: Platform): boolean {
  return choosePlatform([offered], (platform) => platform, wanted) !== undefined;
}

export function platformUnavailable(
  origin: Origin,
  wanted: Platform,
  offered: readonly Platform[],
): AshlarError {
  const names = [...new Set(offered.map(formatPlatform))];
  const offer = names.length === 0 ? 'it names none' : `it offers ${names.join(', ')}`;
  return new AshlarError(
    'platform_unavailable',
    `${origin.description}: the image does not offer ${formatPlatform(wanted)}; ${offer}`,
    { data: { platform: formatPlatform(wanted), offered: names } },
  );
}

function runnableVariants({ architecture, variant }: Platform): readonly (string | null)[] {
  const level = Number(variant?.slice(1) ?? 0);
  if (architecture === 'arm') {
    // Without a variant, v7 is what Debian's armhf and most images mean.
    const newest = variant === null ? 7 : level;
    const older = [8, 7, 6, 5].filter((each) => each <= newest).map((each) => `v${each}`);
    return variant === null ? [null, ...older] : [...older, null];
  }
  if (architecture === 'amd64' && variant !== null) {
    return [...[4, 3, 2].filter((each) => each <= level).map((each) => `v${each}`), null];
  }
  return variant === null ? [null] : [variant, null];
}
