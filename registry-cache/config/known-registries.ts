/** What is known of a public registry without being told. */
export interface KnownRegistry {
  readonly name: string;
  readonly aliases: readonly string[];
  readonly endpoint: string;
  /** Hosts that it sends to for a token, as far as that is not itself. */
  readonly trustedRealms: readonly string[];
}

/**
 * Public registries by the host that stands in the names of their images. All send to other hosts for blobs; `registry.k8s.io`
 * does so for manifests too, and is nothing but redirects.
 */
export const knownRegistries: readonly KnownRegistry[] = [
  {
    name: 'docker.io',
    aliases: ['index.docker.io', 'registry-1.docker.io', 'registry.hub.docker.com'],
    endpoint: 'https://registry-1.docker.io',
    trustedRealms: ['auth.docker.io'],
  },
  plain('ghcr.io'),
  plain('quay.io'),
  plain('mcr.microsoft.com'),
  plain('gcr.io'),
  plain('us.gcr.io'),
  plain('eu.gcr.io'),
  plain('asia.gcr.io'),
  plain('registry.k8s.io'),
  plain('public.ecr.aws'),
  { ...plain('docker.elastic.co'), trustedRealms: ['docker-auth.elastic.co'] },
  { ...plain('registry.gitlab.com'), trustedRealms: ['gitlab.com'] },
];

function plain(name: string): KnownRegistry {
  return { name, aliases: [], endpoint: `https://${name}`, trustedRealms: [] };
}
