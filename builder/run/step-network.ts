import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AshlarError, runCommand, systemErrorCode } from '../../src/index.ts';
import { networkScript } from './step-network-script.ts';
import { takenRange } from './taken-names.ts';
import type { StepNamespace } from './step-namespace.ts';
import { findTool } from './tool-environment.ts';

/**
 * The network of a step: two network namespaces and a user-mode stack.
 *
 *     container eth0 --- veth --- router --- uplink --- pasta (or slirp4netns) --- sockets of the host
 *
 * The step has CAP_NET_RAW and may send any frame, so nothing in its own namespace can keep it from an address. The
 * router can: it is a kernel's forwarding table that the step cannot reach, and it has prohibit routes for
 * all that the helper would otherwise connect to from the host: loopback, link-local and the metadata
 * addresses of clouds. The helper is attached to the router and never sees a frame of the step.
 * The host's own other addresses stay reachable, as from any machine of its network.
 */
export interface StepNetwork {
  /** Path of the container's network namespace, inside the step's mount namespace. */
  readonly namespacePath: string;
  readonly resolvConf: string;
}

/**
 * Where the helper takes DNS queries and hands them to the host's resolver, be it a stub on the host's loopback. The
 * one of the family that the host's resolver is reached by is used.
 */
const nameServers = { ipv4: '198.18.0.3', ipv6: 'fdc5:a31e:71d4:2::3' } as const;
export type NetworkHelper = 'pasta' | 'slirp4netns';

/**
 * The network helper to use; throws `tool_missing` when none is installed. pasta is faster and has IPv6, but an old one
 * repeats data and hangs when the step closes its side of a TCP connection first: seen in that of 2023-03-09 (Debian 12),
 * not in that of 2025-05-03 (Debian 13). Before slirp4netns comes only one that is no older.
 */
export async function chooseNetworkHelper(): Promise<NetworkHelper> {
  const [pasta, slirp] = await Promise.all([findTool('pasta'), findTool('slirp4netns')]);
  if (pasta === undefined && slirp === undefined) {
    throw new AshlarError('tool_missing', 'neither pasta nor slirp4netns is installed', {
      data: { tools: ['pasta', 'slirp4netns'] },
      hint: 'Install the package passt or slirp4netns.',
    });
  }
  if (pasta === undefined) return 'slirp4netns';
  if (slirp === undefined || !(await isOldPasta(pasta))) return 'pasta';
  return 'slirp4netns';
}

const firstGoodPasta = 20250503;

/** Versions are dates, as in `pasta 0.0~git20250503.587980c-2`; Debian 12 says `unknown version`. */
export async function isOldPasta(path: string): Promise<boolean> {
  const { stdout } = await runCommand(path, ['--version'], { timeoutMs: 10_000 });
  return Number(/20\d{6}/.exec(stdout.toString('latin1'))?.[0] ?? 0) < firstGoodPasta;
}

export interface StepNetworkOptions {
  readonly namespace: StepNamespace;
  /** The step's. */
  readonly directory: string;
  readonly helper: NetworkHelper | undefined;
  /** Whether the router has addresses for names that are taken. */
  readonly takes: 'names' | 'nothing';
}

/**
 * Sets the network up. On a host that has no default route the step gets none, and undefined is given, unless names are taken:
 * then these alone can be reached. Throws `tool_missing` without a helper, `kernel_feature_missing` when the helper or the
 * kernel refuses.
 */
export async function openStepNetwork(
  options: StepNetworkOptions,
): Promise<StepNetwork | undefined> {
  const { namespace, directory, helper, takes } = options;
  const families = await routableFamilies();
  const hasWayOut = families.length > 0;
  if (!hasWayOut && takes === 'nothing') return undefined;
  const chosen = hasWayOut ? (helper ?? (await chooseNetworkHelper())) : 'none';
  const range = takes === 'names' ? takenRange : '';
  // prettier-ignore
  const result = await namespace.run(
    ['sh', '-c', networkScript, 'sh', chosen, families.join(''), nameServers.ipv4, nameServers.ipv6, range],
  );
  if (result.exitCode !== 0) {
    const words = await helperWords(namespace.outside(join(directory, 'network.log')));
    const cause = `${result.stderr.toString('utf8').trim()} ${words}`.trim();
    throw new AshlarError('kernel_feature_missing', `cannot set up the step's network: ${cause}`, {
      data: { tool: chosen, stderr: cause },
    });
  }
  return {
    namespacePath: result.stdout.toString('utf8').trim(),
    resolvConf: hasWayOut ? resolvConfFrom(await hostResolvConf()) : noWayOut,
  };
}

const noWayOut = '# This step reaches nothing but names in /etc/hosts.\n';

/** The step's resolv.conf(5): the fixed name server, and the host's search list and options. */
export function resolvConfFrom(hostText: string): string {
  const kept = hostText.split('\n').filter((line) => /^(search|domain|options)\s/.test(line));
  const servers = hostText.split('\n').filter((line) => /^nameserver\s/.test(line));
  const onlyIpv6 = servers.length > 0 && servers.every((line) => line.includes(':'));
  const server = onlyIpv6 ? nameServers.ipv6 : nameServers.ipv4;
  return [`nameserver ${server}`, ...kept.slice(0, 8), ''].join('\n');
}

/** Which of IPv4 and IPv6 the host has a default route for. */
async function routableFamilies(): Promise<readonly ('4' | '6')[]> {
  const [ipv4, ipv6] = await Promise.all([
    readIfThere('/proc/self/net/route'),
    readIfThere('/proc/self/net/ipv6_route'),
  ]);
  return [
    ...(hasDefaultRoute4(ipv4) ? (['4'] as const) : []),
    ...(hasDefaultRoute6(ipv6) ? (['6'] as const) : []),
  ];
}

/** Columns of /proc/net/route: interface, destination, gateway, flags, ..., mask at 7. */
function hasDefaultRoute4(text: string): boolean {
  return text.split('\n').some((line) => {
    const [, destination, , , , , , mask] = line.split('\t');
    return destination === '00000000' && mask === '00000000';
  });
}

/** Columns of /proc/net/ipv6_route: destination, prefix length, ..., interface; lo holds the reject route. */
function hasDefaultRoute6(text: string): boolean {
  return text.split('\n').some((line) => {
    const columns = line.trim().split(/\s+/);
    return /^0{32}$/.test(columns[0] ?? '') && columns[1] === '00' && columns.at(-1) !== 'lo';
  });
}

async function hostResolvConf(): Promise<string> {
  return readIfThere('/etc/resolv.conf');
}

/** What the helper said, without its complaint that this namespace has no syslog. */
async function helperWords(path: string): Promise<string> {
  const lines = (await readIfThere(path)).split('\n');
  return lines
    .filter((line) => !/syslog/.test(line))
    .join(' ')
    .trim()
    .slice(-1000);
}

async function readIfThere(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return '';
    throw error;
  }
}
