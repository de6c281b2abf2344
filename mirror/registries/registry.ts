/** A package registry as the mirror knows it. */
export interface Registry {
  /** A word that keeps what it gives apart from what others give: lower-case letters, digits and dashes. */
  readonly name: string;
  /** The hosts by which clients and lockfiles know it, in lower case, with a port where it is not the usual one. */
  readonly hosts: readonly string[];
  /** Where to fetch from, in the order of preference. */
  readonly upstreams: readonly URL[];
  /** Private registries are asked with the client's credential alone, and what they answer is kept under it alone. */
  readonly access: 'public' | 'private';
}

/** Which registry is meant by a request, and in which way its client speaks to the mirror. */
export interface Registries {
  readonly all: readonly Registry[];
  /** The registry that is known by this host; undefined for the mirror's own names. */
  byHost(host: string): Registry | undefined;
  byName(name: string): Registry | undefined;
  /** For requests to the mirror by its own name: the scope's registry, else the first. */
  forScope(scope: string | null): Registry;
  /** Whether a scope is bound to a registry; it is then never asked of another one. */
  isBound(scope: string): boolean;
}

/** `scopes` binds scopes (with their `@`) to registries by name. The first registry is the default. */
export function createRegistries(
  all: readonly [Registry, ...Registry[]],
  scopes: ReadonlyMap<string, Registry>,
): Registries {
  const hosts = new Map(all.flatMap((registry) => registry.hosts.map((host) => [host, registry])));
  const names = new Map(all.map((registry) => [registry.name, registry]));
  return {
    all,
    byHost: (host) => hosts.get(host.toLowerCase()),
    byName: (name) => names.get(name),
    forScope: (scope) => (scope === null ? undefined : scopes.get(scope)) ?? all[0],
    isBound: (scope) => scopes.has(scope),
  };
}
