import npmConf from '@pnpm/npm-conf';
import { AshlarError } from '../../src/index.ts';
import type { Registry } from './registry.ts';

/** The second name of the public registry, which yarn asks by default. */
export const yarnRegistryHost = 'registry.yarnpkg.com';

/** The address of the public npm registry, as npm's own defaults have it. */
export function publicRegistryUrl(): URL {
  return registryUrl(npmConf().config.root['registry'], "npm's default registry");
}

/** The registry that npm is configured with on this machine: by its files and its environment, else the default. */
function configuredRegistryUrl(): URL {
  return registryUrl(npmConf().config.get('registry'), "the registry in npm's configuration");
}

/**
 * The public registry under both its names. It is fetched from where npm's configuration says, so that a mirror within a
 * company goes to the company's registry; unless that is this machine, which is likely this mirror.
 */
export function defaultRegistry(): Registry {
  const known = publicRegistryUrl();
  const configured = configuredRegistryUrl();
  const isLocal = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(configured.hostname);
  return {
    name: 'npm',
    hosts: [known.host, yarnRegistryHost],
    upstreams: [isLocal ? known : configured],
    access: 'public',
  };
}

function registryUrl(text: unknown, place: string): URL {
  const url = typeof text === 'string' ? URL.parse(text) : null;
  if (url !== null && (url.username !== '' || url.password !== '')) {
    throw new AshlarError('config_invalid', `${place} has a credential in it`, {
      hint: 'Clients have to send the credential; name the registry without it with --upstream.',
    });
  }
  if (url !== null && /[?#]/.test(url.href)) {
    throw new AshlarError(
      'config_invalid',
      `${place} has a query or a fragment: ${url.origin}/...`,
      {
        hint: 'Mend it with `npm config set registry URL`, or name the registry with --upstream.',
      },
    );
  }
  if (url !== null && (url.protocol === 'http:' || url.protocol === 'https:')) return url;
  throw new AshlarError('config_invalid', `${place} is no address of a registry: ${String(text)}`, {
    hint: 'Mend it with `npm config set registry URL`, or name the registry with --upstream.',
  });
}
