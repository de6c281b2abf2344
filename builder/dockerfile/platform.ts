/** A platform in OCI's terms (Go's names). */
export interface Platform {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string;
}

const architectureAliases: Readonly<Record<string, { architecture: string; variant?: string }>> = {
  i386: { architecture: '386' },
  i686: { architecture: '386' },
  x86_64: { architecture: 'amd64' },
  'x86-64': { architecture: 'amd64' },
  aarch64: { architecture: 'arm64' },
  armhf: { architecture: 'arm', variant: 'v7' },
  armel: { architecture: 'arm', variant: 'v6' },
};
const systems: ReadonlySet<string> = new Set([
  'linux',
  'windows',
  'darwin',
  'freebsd',
  'netbsd',
  'openbsd',
]);
const component = /^[A-Za-z0-9_.-]+$/;

/**
 * Reads `os/architecture[/variant]`, `os` or `architecture` alone; what is missing comes from `host`. Aliases become
 * Go's names (`x86_64` is `amd64`). Undefined for anything else. Source: containerd, package platforms.
 */
export function parsePlatform(text: string, host: Platform): Platform | undefined {
  const parts = text.toLowerCase().split('/');
  if (parts.length > 3 || !parts.every((part) => component.test(part))) return undefined;
  const [first = '', second, third] = parts;
  if (second === undefined) {
    if (systems.has(first)) return normalize({ ...host, os: first });
    return normalize({ os: host.os, architecture: first });
  }
  const platform = { os: first, architecture: second };
  return normalize(third === undefined ? platform : { ...platform, variant: third });
}

/** True when what is built for one runs as the other. */
export function samePlatform(left: Platform, right: Platform): boolean {
  const one = normalize(left);
  const other = normalize(right);
  return (
    one.os === other.os && one.architecture === other.architecture && one.variant === other.variant
  );
}

export function formatPlatform({ os, architecture, variant }: Platform): string {
  return [os, architecture, ...(variant === undefined ? [] : [variant])].join('/');
}

function normalize(platform: Platform): Platform {
  const alias = Object.hasOwn(architectureAliases, platform.architecture)
    ? architectureAliases[platform.architecture]
    : undefined;
  const { os } = platform;
  const architecture = alias?.architecture ?? platform.architecture;
  const variant = platform.variant ?? alias?.variant ?? (architecture === 'arm' ? 'v7' : undefined);
  const plain =
    variant === undefined ||
    (architecture === 'arm64' && (variant === 'v8' || variant === '8')) ||
    (architecture === 'amd64' && variant === 'v1');
  return plain ? { os, architecture } : { os, architecture, variant };
}
