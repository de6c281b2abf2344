import { isIP } from 'node:net';

/**
 * The range of addresses at which a step finds names that are taken: beside those between container, router and helper, of the
 * range that RFC 2544 keeps for benchmarks. All of it is local to the router.
 */
export const takenRange = '198.18.1.0/24';
const maxNames = 253;
const namePattern = /^(?=.{1,253}$)[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9])?$/;

/** Those that can stand in a line of hosts(5), once each. */
export function takenNames(names: readonly string[]): readonly string[] {
  const lower = names.map((name) => name.toLowerCase());
  const fit = lower.filter((name) => namePattern.test(name) && isIP(name) === 0);
  return [...new Set(fit)].slice(0, maxNames);
}

/** The name is told by the address that a step connects to: so nothing has to be read of what it sends. */
export function addressOfName(index: number): string {
  return `198.18.1.${index + 1}`;
}

/** Lines of hosts(5). */
export function takenHostsLines(names: readonly string[]): readonly string[] {
  return takenNames(names).map((name, index) => `${addressOfName(index)}\t${name}`);
}
