import type { Registry } from './registry.ts';

/** Whether an address is one of the registry's: by a name that clients know it by, or where it is fetched from. */
export function isRegistryHost(registry: Registry, { host }: URL): boolean {
  return (
    registry.hosts.includes(host) || registry.upstreams.some((upstream) => upstream.host === host)
  );
}

/** The path below which everything of a base lies, with a slash at the end. */
export function folderOf({ pathname }: URL): string {
  return pathname.endsWith('/') ? pathname : `${pathname}/`;
}
