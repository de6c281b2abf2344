import { publicRegistryUrl, yarnRegistryHost } from '../registries/default-registry.ts';
import type { LockfileKind } from './lockfile.ts';

/** The registry that each kind of client writes into its lockfile: scheme and host, without a final slash. */
export type HomeRegistries = Readonly<Record<LockfileKind, string>>;

/** The public registry as the clients know it: yarn by a name of its own, the others as npm does. */
export function homeRegistries(): HomeRegistries {
  const npm = publicRegistryUrl().origin;
  const yarn = `https://${yarnRegistryHost}`;
  return { npm, pnpm: npm, bun: npm, 'yarn-classic': yarn, 'yarn-berry': yarn };
}
