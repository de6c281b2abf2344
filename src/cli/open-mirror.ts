import {
  cachePrefixes,
  createMirrorCore,
  loadMirrorConfig,
  type MirrorConfig,
  type MirrorCore,
  recordReferences,
} from '../../mirror/index.ts';
import type { CommandContext } from './command-context.ts';
import {
  openPullThrough,
  type OpenPullThrough,
  type PullThroughOptions,
} from './open-pull-through.ts';
import type { MirrorSettings } from './program-mirror.ts';

/** A mirror without its servers, and what belongs to it on this machine. */
export type OpenMirror = OpenPullThrough<MirrorConfig, MirrorCore>;

/** Opens the cache of a mirror. Throws `config_invalid`, and the codes of `openPullThrough`. */
export async function openMirror(
  context: CommandContext,
  { configFile, flags, cacheUrl }: MirrorSettings,
  options: PullThroughOptions,
): Promise<OpenMirror> {
  const config = await loadMirrorConfig(configFile, flags);
  const kind = {
    name: 'mirror',
    config,
    cacheUrl,
    upstreams: config.registries.flatMap(({ upstreams }) => upstreams),
    createCore: createMirrorCore,
    prefixes: cachePrefixes,
    recordReferences,
  } as const;
  return openPullThrough(context, kind, options);
}
