import type { NpmMirror } from '../../builder/index.ts';
import {
  findServer,
  type SearchContext,
  type ServerKind,
  type ServerSearch,
} from './find-server.ts';

const mirrors: ServerKind<NpmMirror> = {
  folder: 'mirror',
  variable: 'ASHLAR_MIRROR',
  word: 'mirror',
  // A way through TLS of its own would need an authority of its own, and shields nothing that is not within TLS already.
  schemes: ['http'],
  read(health, url) {
    const { hosts, certificates } = Object(health) as Partial<Record<string, unknown>>;
    if (!isTexts(hosts) || !isTexts(certificates)) return 'it is no npm mirror';
    if (certificates.length === 0)
      return 'it has no TLS, and so stands for no registry: serve it without --no-tls';
    return { url, names: hosts, certificates };
  },
};

/**
 * The npm mirror that RUN steps are led to: the one that ASHLAR_MIRROR names (`none` for none), else one that `ashlar mirror
 * serve` runs with the same home. Throws `config_invalid` for a wrong address, and the abort reason.
 */
export function findMirror(context: SearchContext): Promise<ServerSearch<NpmMirror>> {
  return findServer(context, mirrors);
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((one) => typeof one === 'string');
}
