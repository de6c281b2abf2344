import { isIP } from 'node:net';
import { domainToASCII } from 'node:url';
import { AshlarError } from '../errors/ashlar-error.ts';

const maxHosts = 64;
/** RFC 1035, section 2.3.4, without the root's dot. */
const maxNameBytes = 253;
const labelPattern = /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/;

/**
 * A host's name as certificates have it: in ASCII, lower case, without a final dot. Null for what is no name of a host,
 * such as an address.
 */
export function normalHostName(text: string): string | null {
  const name = domainToASCII(text.replace(/\.$/, '')).toLowerCase();
  if (name === '' || name.length > maxNameBytes || isIP(name) !== 0) return null;
  return name.split('.').every((label) => labelPattern.test(label)) ? name : null;
}

/** The names in order, each once. Throws `config_invalid` for none, too many, or what is no name of a host. */
export function normalHostNames(hosts: readonly string[]): readonly string[] {
  const names = hosts.map((host) => {
    const name = normalHostName(host);
    if (name !== null) return name;
    throw new AshlarError('config_invalid', `${JSON.stringify(host)} is no name of a host`, {
      data: { host },
      hint: 'Name hosts as DNS does, such as registry.example.org; certificates are not made for addresses.',
    });
  });
  const distinct = [...new Set(names)].sort();
  if (distinct.length > 0 && distinct.length <= maxHosts) return distinct;
  throw new AshlarError(
    'config_invalid',
    `certificates are made for 1 to ${maxHosts} hosts, not for ${distinct.length}`,
  );
}
