import { lookup } from 'node:dns/promises';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { resolvConfFrom } from '../../../builder/run/step-network.ts';
import { findTool, toolEnvironment } from '../../../builder/run/tool-environment.ts';
import { runCommand } from '../../../src/process/run-command.ts';
import { compileAttack, needsCompiler, putAttack } from './attack-program.ts';
import { createBench, leftovers, runStep, shellStep, whyNoSteps, type Bench } from './fixture.ts';
import type { HostReport, HostRequest } from './network-host.ts';

let bench: Bench;
let disk: string;
let attack: string | undefined;

beforeAll(async () => {
  if (whyNoSteps !== '') return;
  bench = await createBench();
  attack = await compileAttack(bench.path);
  disk = await bench.disk('network', async (tree) => {
    if (attack !== undefined) await putAttack(attack, join(tree, 'bin/attack'));
  });
});

afterAll(async () => {
  await bench?.[Symbol.asyncDispose]();
});

const helpers = ['pasta', 'slirp4netns'] as const;

/** A host with an Ethernet address, a link-local one, and a resolver stub on its loopback. */
const hostScript = `set -e
ip link set lo up
ip link add eth7 type veth peer name eth8
ip link set eth8 up
ip link set eth7 up
ip address add 192.0.2.10/24 dev eth7
ip address add 169.254.169.254/32 dev eth7
ip route add default via 192.0.2.1
ip -6 address add fd00:7::10/64 dev eth7 nodad
ip -6 address add fe80::77/64 dev eth7 nodad
ip -6 route add default via fd00:7::1
mount -n --bind "$1" /etc/resolv.conf
exec "$2" "$3" "$4"`;

async function onStandInHost(request: Omit<HostRequest, 'workRoot' | 'disk'>): Promise<HostReport> {
  const resolver = join(bench.path, 'resolv.conf');
  await writeFile(resolver, 'nameserver 127.0.0.53\nsearch example.test\noptions ndots:2\n');
  const whole: HostRequest = { workRoot: bench.workRoot, disk, ...request };
  const program = join(import.meta.dirname, 'network-host.ts');
  const host = ['sh', '-c', hostScript, 'sh', resolver, process.execPath, program];
  const { stdout, stderr, exitCode, signal } = await runCommand(
    'unshare',
    ['--net', '--mount', '--propagation', 'private', '--', ...host, JSON.stringify(whole)],
    { env: toolEnvironment(), timeoutMs: 60_000 },
  );
  expect([exitCode, signal, stderr.toString()]).toEqual([0, null, '']);
  return JSON.parse(stdout.toString()) as HostReport;
}

/**
 * Prints `yes` or `no` for each address that answers on the host's port, in whatever order. The step's side of a connection
 * stays open: see chooseNetworkHelper.
 */
function tryAll(addresses: readonly string[]): string {
  return `mkfifo /tmp/open; exec 3<> /tmp/open
    try() { nc -w 3 $1 7777 <&3 2>/dev/null | grep -q hello && echo "$1 yes" || echo "$1 no"; }
    for address in ${addresses.join(' ')}; do try $address & done; wait`;
}

describe.skipIf(whyNoSteps !== '')(`network of a step ${whyNoSteps}`, () => {
  it.for(helpers)(
    'reaches the network, but neither loopback nor link-local, by %s',
    async (helper, { skip }) => {
      skip((await findTool(helper)) === undefined, `needs ${helper}`);
      const never = ['127.0.0.1', '127.0.0.53', '0.0.0.0', '::1', '::ffff:127.0.0.1'];
      const prohibited = ['169.254.169.254', '169.254.1.1', 'fe80::77%eth0', '168.63.129.16'];
      const own = ['198.18.0.1', '198.18.0.100', 'fdc5:a31e:71d4:1::1', 'fe80::2%eth0'];
      const addresses = ['192.0.2.10', ...never, ...prohibited, ...own];
      const resolve = 'cat /etc/resolv.conf; nslookup some.example.test | grep 192.0.2.99';
      const script = `${resolve}; ${tryAll(addresses)}`;
      const report = await onStandInHost({ script, helper, awaited: [] });
      const lines = report.stdout.trim().split('\n');
      expect(lines.slice(0, 4)).toEqual([
        'nameserver 198.18.0.3',
        'search example.test',
        'options ndots:2',
        'Address: 192.0.2.99',
      ]);
      const refused = addresses.slice(1).map((address) => `${address} no`);
      expect(lines.slice(4).toSorted()).toEqual(['192.0.2.10 yes', ...refused].toSorted());
      expect(report.connections).toEqual(['::ffff:192.0.2.10']);
    },
  );

  it('reaches IPv6 addresses too, by pasta', async ({ skip }) => {
    skip((await findTool('pasta')) === undefined, 'needs pasta');
    const report = await onStandInHost({
      script: tryAll(['fd00:7::10', 'fe80::77']),
      helper: 'pasta',
      awaited: [],
    });
    const lines = report.stdout.trim().split('\n');
    expect(lines.toSorted()).toEqual(['fd00:7::10 yes', 'fe80::77 no']);
  });

  it.for(helpers)('lets no frame made by hand past, by %s', async (helper, { skip }) => {
    skip((await findTool(helper)) === undefined, `needs ${helper}`);
    skip(attack === undefined, needsCompiler);
    const hostile = ['127.0.0.1', '127.0.0.53', '0.0.0.0', '169.254.169.254', '198.18.0.1'];
    const hostile6 = ['::1', '::', '::ffff:127.0.0.1', '::127.0.0.1', 'fe80::77'];
    const control = helper === 'pasta' ? ['fd00:7::10', '192.0.2.10'] : ['192.0.2.10'];
    const script = `attack frames 7777 ${[...hostile, ...hostile6, ...control].join(' ')}`;
    const report = await onStandInHost({ script, helper, awaited: control });
    expect(report.stdout.match(/ ok$/gm)).toHaveLength(10 + control.length);
    expect(report.datagrams.toSorted()).toEqual(control.toSorted());
  });

  it('resolves the name of the configured npm registry as the host does', async ({ skip }) => {
    skip((await findTool('npm')) === undefined, 'needs npm');
    const { stdout } = await runCommand('npm', ['config', 'get', 'registry']);
    const name = new URL(stdout.toString().trim()).hostname;
    const known = await lookup(name, { family: 4, all: true }).catch(() => []);
    skip(known.length === 0, 'the host cannot resolve it');
    const step = shellStep(bench, disk, 'nslookup "$NAME"', {
      env: { NAME: name },
      network: 'isolated',
    });
    const answer = await runStep(step);
    const addresses = known.map(({ address }) => address);
    expect(addresses.some((address) => answer.stdout.includes(address))).toBe(true);
  });

  it('has nothing but a loopback of its own without a network', async () => {
    const script = 'ls /sys/class/net; nc -w 1 127.0.0.1 1 2>&1 | grep -o refused';
    const { stdout } = await runStep(shellStep(bench, disk, script));
    expect(stdout).toBe('lo\nrefused\n');
    expect(await leftovers(bench)).toEqual([]);
  });
});

describe('resolv.conf of a step', () => {
  it('asks the helper, in the family that the host asks in, and keeps search and options', () => {
    expect(resolvConfFrom('nameserver 127.0.0.53\nsearch a b\noptions edns0\n# x\n')).toBe(
      'nameserver 198.18.0.3\nsearch a b\noptions edns0\n',
    );
    expect(resolvConfFrom('nameserver 2001:db8::1\n')).toBe('nameserver fdc5:a31e:71d4:2::3\n');
    expect(resolvConfFrom('')).toBe('nameserver 198.18.0.3\n');
  });
});
