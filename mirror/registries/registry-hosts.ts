import type { Registry } from './registry.ts';

/** Whether an address is one of the registry's: by a name that clients know it by, or where it is fetched from. */
export function isRegistryHost(registry: Registry, { host }: URL): boolean {
  return (
    registry.hosts.includes(host) || registry.upstreams.some((upstream) => upstream.host === host)
  );
}
