import { rootCertificates } from 'node:tls';
import type { NpmMirror } from './npm-mirror.ts';

/** A file that a step sees and that leaves no trace. */
export interface InjectedFile {
  readonly guestPath: string;
  readonly content: string;
}

/** What a step is told of the mirror's authority. */
export interface GivenCertificates {
  readonly files: readonly InjectedFile[];
  /** By the variables that programs heed. */
  readonly env: Readonly<Record<string, string>>;
}

/** /dev is the container's own: nothing in it is ever in an image, and no step clears it. */
const directory = '/dev/ashlar';

/** What Node.js (from 7.3 on), bun and pnpm trust in addition to what they know; no other program heeds it. */
export const additiveVariable = 'NODE_EXTRA_CA_CERTS';
/** What npm and yarn trust in place of all else, on any Node.js; npm knows the file since 1.4, and before that the text alone. */
export const replacingVariable = 'npm_config_cafile';
const replacingText = 'npm_config_ca';

/**
 * The certificates of the mirror, to be trusted by what asks for packages and by nothing else. `all`: for an image whose Node.js
 * cannot be given any in addition; then its npm gets those of Mozilla's list that Ashlar's own Node.js has with them.
 */
export function givenCertificates(
  { certificates }: Pick<NpmMirror, 'certificates'>,
  need: 'additional' | 'all',
): GivenCertificates {
  const additional = {
    guestPath: `${directory}/mirror.pem`,
    content: joined(certificates),
  };
  const env = { [additiveVariable]: additional.guestPath };
  if (need === 'additional') return { files: [additional], env };
  const all = {
    guestPath: `${directory}/authorities.pem`,
    content: joined([...certificates, ...rootCertificates]),
  };
  return {
    files: [additional, all],
    env: {
      ...env,
      [replacingVariable]: all.guestPath,
      // An npm that is so old trusts one authority of npm's own without it, and no other.
      [replacingText]: additional.content,
    },
  };
}

function joined(certificates: readonly string[]): string {
  return certificates
    .map((text) => text.trim())
    .filter((text) => text !== '')
    .map((text) => `${text}\n`)
    .join('');
}
