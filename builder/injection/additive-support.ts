import { ownAuthoritiesLine } from './trusts-mirror.ts';

/** Reads a file of an image; undefined where there is none. */
export type ReadText = (path: string) => Promise<string | undefined>;

/** Where the headers of Node.js lie, in its own archives, in images made of them, and in others' packages. */
const versionHeaders = ['usr/local/include/node/node_version.h', 'usr/include/node/node_version.h'];

/**
 * The version of the Node.js that an image has: by its headers, or by dpkg's database, whose text is `dpkgStatus`; null where
 * neither tells of one.
 */
export async function nodeVersionOf(
  readText: ReadText,
  dpkgStatus: () => Promise<string | undefined>,
): Promise<readonly [major: number, minor: number] | null> {
  for (const path of versionHeaders) {
    const text = (await readText(path)) ?? '';
    const [major, minor] = ['MAJOR', 'MINOR'].map(
      (part) => new RegExp(`^#define NODE_${part}_VERSION (\\d+)`, 'm').exec(text)?.[1],
    );
    if (major !== undefined) return [Number(major), Number(minor ?? 0)];
  }
  const status = (await dpkgStatus()) ?? '';
  const version = /^Package: nodejs\n(?:.+\n)*?Version: (?:\d+:)?(\d+)\.(\d+)/m.exec(status);
  return version === null ? null : [Number(version[1]), Number(version[2])];
}

/** Node.js heeds NODE_EXTRA_CA_CERTS from 7.3 on. */
export function takesAdditional([major, minor]: readonly [number, number]): boolean {
  return major > 7 || (major === 7 && minor >= 3);
}

/** Whether a configuration of npm where a step begins names authorities, which the environment would put aside. */
export async function hasOwnAuthorities(
  readText: ReadText,
  directories: readonly string[],
): Promise<boolean> {
  const global = ['etc/npmrc', 'usr/etc/npmrc', 'usr/local/etc/npmrc'];
  const paths = [...directories.map((directory) => `${directory}/.npmrc`), ...global];
  const texts = await Promise.all(paths.map((path) => readText(path.replace(/^\/+/, ''))));
  return texts.some((text) => text !== undefined && ownAuthoritiesLine.test(text));
}
