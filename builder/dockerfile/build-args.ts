import { AshlarError } from '../../src/index.ts';
import { formatPlatform, type Platform } from './platform.ts';

/** Usable in RUN without an ARG, and then no part of a cache key. Source: Dockerfile reference, "Predefined ARGs". */
const proxyKinds = ['HTTP_PROXY', 'HTTPS_PROXY', 'FTP_PROXY', 'NO_PROXY', 'ALL_PROXY'] as const;

/** The value of each proxy variable in upper and lower case, from build arguments in any letter case. */
export function proxyVariables(buildArgs: ReadonlyMap<string, string>): Map<string, string> {
  const variables = new Map<string, string>();
  for (const kind of proxyKinds) {
    for (const [name, value] of buildArgs) {
      if (name.toUpperCase() !== kind || value === '') continue;
      variables.set(kind, value);
      variables.set(kind.toLowerCase(), value);
    }
  }
  return variables;
}

/**
 * The arguments that the global scope has from the start; build arguments of the same name win. Source: Dockerfile
 * reference, "Automatic platform ARGs in the global scope".
 */
export function platformArgs(options: {
  readonly target: Platform;
  readonly build: Platform;
  readonly targetStage: string | undefined;
}): Map<string, string> {
  const { target, build, targetStage } = options;
  return new Map([
    ['TARGETPLATFORM', formatPlatform(target)],
    ['TARGETOS', target.os],
    ['TARGETARCH', target.architecture],
    ['TARGETVARIANT', target.variant ?? ''],
    ['TARGETSTAGE', targetStage ?? 'default'],
    ['BUILDPLATFORM', formatPlatform(build)],
    ['BUILDOS', build.os],
    ['BUILDARCH', build.architecture],
    ['BUILDVARIANT', build.variant ?? ''],
  ]);
}

export function isProxyArg(name: string): boolean {
  return (proxyKinds as readonly string[]).includes(name.toUpperCase());
}

/** True for arguments that mean something without an ARG in the file. */
export function isPredefinedArg(name: string): boolean {
  return (
    isProxyArg(name) ||
    /^(?:TARGET|BUILD)(?:PLATFORM|OS|ARCH|VARIANT|STAGE)$/.test(name) ||
    name === 'SOURCE_DATE_EPOCH' ||
    name.startsWith('BUILDKIT_')
  );
}

/** The moment that SOURCE_DATE_EPOCH sets for the files of the build, in seconds since 1970. Throws `invalid_request`. */
export function sourceDateEpoch(buildArgs: ReadonlyMap<string, string>): number | undefined {
  const text = buildArgs.get('SOURCE_DATE_EPOCH');
  if (text === undefined || text === '') return undefined;
  const seconds = /^\d{1,15}$/.test(text) ? Number(text) : undefined;
  if (seconds === undefined) {
    throw new AshlarError(
      'invalid_request',
      `the build argument SOURCE_DATE_EPOCH is ${JSON.stringify(text)}, not a number of seconds`,
      { data: { name: 'SOURCE_DATE_EPOCH', value: text }, hint: 'Write seconds since 1970.' },
    );
  }
  return seconds;
}
