import { once } from '../../src/index.ts';
import { createMirrorWay, type MirrorUse, type MirrorWay } from './mirror-door.ts';
import type { NpmMirror } from './npm-mirror.ts';

/** The mirror of one build. */
export interface BuildMirror {
  /** The way to it; null without one. It is looked for at the first call. */
  way(): Promise<MirrorWay | null>;
  /** What RUN steps had of it so far; null for nothing. */
  use(): UsedMirror | null;
}

export type UsedMirror = MirrorUse & { readonly url: string };

export interface BuildMirrorOptions {
  /** None when left out. */
  readonly find: (() => Promise<NpmMirror | null>) | undefined;
  readonly warn: (message: string) => void;
}

export function createBuildMirror({ find, warn }: BuildMirrorOptions): BuildMirror {
  let found: MirrorWay | null = null;
  const way = once(async () => {
    const mirror = (await find?.()) ?? null;
    if (mirror === null) return null;
    const onFailure = (problem: string): void =>
      warn(`the npm mirror at ${mirror.url} is done without: ${problem}`);
    found = createMirrorWay({ mirror, onFailure, monotonicMs: () => performance.now() });
    return found;
  });
  return { way, use: () => (found === null ? null : usedMirror(found, found.use)) };
}

/** Null for no use. */
export function usedMirror({ mirror }: MirrorWay, use: MirrorUse): UsedMirror | null {
  return use.through + use.without === 0 ? null : { url: mirror.url, ...use };
}
