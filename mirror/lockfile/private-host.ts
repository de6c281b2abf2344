import { isIP } from 'node:net';

/**
 * Whether a host's name can be no public registry's: a name of this machine or of a private network (RFC 6761, 6762,
 * 8375), a name without a dot, or a bare address.
 */
export function isPrivateHost(hostname: string): boolean {
  const isAddress = isIP(hostname.replace(/^\[|\]$/g, '')) !== 0;
  return (
    isAddress ||
    !hostname.includes('.') ||
    privateSuffixes.some((suffix) => hostname.endsWith(suffix))
  );
}

const privateSuffixes = ['.localhost', '.local', '.internal', '.home.arpa', '.lan', '.localdomain'];
