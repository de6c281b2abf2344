import type { Healthcheck } from './instruction.ts';

/**
 * What an image says of how it runs, in the shape of the OCI image config. Source: OCI image specification,
 * config.md, and for Healthcheck, Shell and OnBuild the Docker image specification v1.2. `ArgsEscaped` is left out.
 */
export interface ImageConfig {
  readonly architecture: string;
  readonly os: string;
  readonly variant?: string;
  readonly author?: string;
  readonly config: RunConfig;
}

export interface RunConfig {
  /** `NAME=VALUE`, each name once. */
  readonly Env?: readonly string[];
  /** `user`, `uid`, `user:group`, `uid:gid`, ... */
  readonly User?: string;
  readonly WorkingDir?: string;
  readonly Entrypoint?: readonly string[];
  readonly Cmd?: readonly string[];
  readonly Labels?: Readonly<Record<string, string>>;
  /** `80/tcp` */
  readonly ExposedPorts?: Readonly<Record<string, EmptyObject>>;
  readonly Volumes?: Readonly<Record<string, EmptyObject>>;
  readonly StopSignal?: string;
  readonly Healthcheck?: Healthcheck;
  /** For shell forms; `/bin/sh -c` when it is missing. */
  readonly Shell?: readonly string[];
  /** Triggers of ONBUILD, in their order. */
  readonly OnBuild?: readonly string[];
}

export type EmptyObject = Readonly<Record<string, never>>;

/** The PATH of an image that sets none. */
export const defaultPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

export const defaultShell: readonly string[] = ['/bin/sh', '-c'];

/** `NAME=VALUE` entries as a map; a later entry of a name counts. An entry without `=` has the empty value. */
export function envMap(env: readonly string[] | undefined): Map<string, string> {
  const map = new Map<string, string>();
  for (const entry of env ?? []) {
    const equals = entry.indexOf('=');
    if (equals === -1) map.set(entry, '');
    else map.set(entry.slice(0, equals), entry.slice(equals + 1));
  }
  return map;
}

/** Sets a variable where it stands, or adds it at the end. */
export function withEnv(
  env: readonly string[] | undefined,
  name: string,
  value: string,
): readonly string[] {
  const entry = `${name}=${value}`;
  const entries = env ?? [];
  const index = entries.findIndex((candidate) => candidate.split('=', 1)[0] === name);
  return index === -1 ? [...entries, entry] : entries.with(index, entry);
}
