import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { SetupCommand, SetupOptions } from '../../base-images/index.ts';
import { hostArchitecture } from '../../builder/index.ts';
import { busyboxAtHand, hostPlatform } from '../../vm/index.ts';
import type { ImageConfig } from '../image/image-root.ts';

/** What an image without an init gets. Nothing is fetched for it. */
export async function guestBundle(
  home: string,
  config: ImageConfig,
): Promise<SetupOptions['guest']> {
  const search = { vmDir: join(home, 'vm'), hostRoot: '/', platform: hostPlatform() };
  const path = await busyboxAtHand(search);
  if (path === null)
    return {
      missing:
        'it brings no init: this machine has no static busybox (install busybox-static, or boot an image once)',
    };
  return {
    busybox: await readFile(path),
    architecture: hostArchitecture(),
    command: commandOf(config),
  };
}

function commandOf({ config }: ImageConfig): SetupCommand | null {
  const argv = [...(config.Entrypoint ?? []), ...(config.Cmd ?? [])];
  if (argv.length === 0) return null;
  const { Env: env = [], WorkingDir: workdir = '/', User: user = '' } = config;
  return { argv, env, workdir: workdir || '/', user };
}
