import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createTestAuthority } from '../../../support/netns/test-authority.ts';
import type { CacheNetwork } from './cache-network.ts';
import { type CacheProcess, startCacheProcess } from './cache-process.ts';

/** A cache with plain http and with TLS, whose certificate an authority of its own has signed. */
export interface TlsCache {
  readonly cache: CacheProcess;
  readonly urls: Readonly<Record<'http' | 'https', string>>;
  /** A file with the certificate of the authority. */
  readonly authorityFile: string;
}

export interface TlsCacheOptions {
  readonly network: CacheNetwork;
  readonly home: string;
  readonly args: readonly string[];
  readonly config?: object;
}

export async function startTlsCache({
  network,
  home,
  args,
  config,
}: TlsCacheOptions): Promise<TlsCache> {
  await mkdir(home, { recursive: true });
  const authority = createTestAuthority([network.name]);
  const path = (name: string): string => join(home, `${name}.pem`);
  for (const [name, text] of Object.entries(authority)) await writeFile(path(name), text);
  const tls = ['--tls-listen', `${network.address}:0`, '--tls-cert', path('cert')];
  const cache = await startCacheProcess({
    home,
    args: [...args, ...tls, '--tls-key', path('key')],
    listen: `${network.address}:0`,
    launch: network.launch,
    ...(config === undefined ? {} : { config }),
  });
  const urls = {
    http: `http://${network.name}:${cache.port}`,
    https: `https://${network.name}:${cache.tlsPort}`,
  };
  return { cache, urls, authorityFile: path('ca') };
}
