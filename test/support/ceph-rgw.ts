import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { createTempDir } from '../../src/disk/temp-dir.ts';
import { runChecked, runCommand } from '../../src/process/run-command.ts';

/** A Ceph RGW (S3) on loopback with its data in memory. Disposing ends its processes and removes its directory. */
export interface CephRgw extends AsyncDisposable {
  /** `http://127.0.0.1:PORT`. */
  readonly endpoint: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

const programs = [
  'ceph-mon',
  'ceph-osd',
  'radosgw',
  'radosgw-admin',
  'ceph',
  'monmaptool',
  'setpriv',
];
const credentials = { accessKeyId: 'AKTEST', secretAccessKey: 'SKTEST' };
const stepMs = 60_000;

/** Why RGW cannot be started on this machine, or null. */
export async function whyNoCephRgw(): Promise<string | null> {
  const found = await runCommand('sh', [
    '-c',
    'for p; do command -v "$p" || echo "-$p"; done',
    'sh',
    ...programs,
  ]);
  const missing = found.stdout
    .toString()
    .split('\n')
    .filter((line) => line.startsWith('-'))
    .map((line) => line.slice(1));
  return missing.length === 0 ? null : `not installed: ${missing.join(', ')}`;
}

/** Makes a bucket that the test's user owns. */
export async function createBucket(rgw: CephRgw, bucket: string): Promise<void> {
  const { endpoint, credentials } = rgw;
  const client = new S3Client({ endpoint, credentials, region: 'us-east-1', forcePathStyle: true });
  await client.send(new CreateBucketCommand({ Bucket: bucket }));
  client.destroy();
}

/** Starts monitor, OSD and gateway (Debian: `radosgw ceph-mon ceph-osd`) on free ports, in a few seconds. */
export async function startCephRgw(): Promise<CephRgw> {
  await using stack = new AsyncDisposableStack();
  const directory = stack.use(await createTempDir(tmpdir(), 'ashlar-rgw')).path;
  const cluster = await prepareCluster(directory);
  const start = async (file: string, args: readonly string[]): Promise<void> => {
    const child = startDaemon(file, args, cluster.env);
    stack.defer(() => stopDaemon(child));
    await once(child, 'spawn');
  };
  const run = (file: string, args: readonly string[]): Promise<unknown> =>
    runChecked(file, args, { env: cluster.env, timeoutMs: stepMs });

  await run('monmaptool', [
    '--create',
    '--fsid',
    cluster.fsid,
    '--addv',
    'a',
    cluster.monitor,
    cluster.monmap,
  ]);
  await run('ceph-mon', ['--mkfs', '-i', 'a', '--monmap', cluster.monmap]);
  await start('ceph-mon', ['-f', '-i', 'a']);
  await run('ceph', ['osd', 'new', cluster.osdUuid]);
  await run('ceph-osd', ['-i', '0', '--mkfs', '--osd-uuid', cluster.osdUuid]);
  await start('ceph-osd', ['-f', '-i', '0']);
  await run('radosgw-admin', [
    'user',
    'create',
    '--uid=test',
    '--display-name=test',
    `--access-key=${credentials.accessKeyId}`,
    `--secret=${credentials.secretAccessKey}`,
  ]);
  await start('radosgw', ['-f', '-n', 'client.rgw']);
  await untilAnswered(cluster.endpoint);
  const owned = stack.move();
  return {
    endpoint: cluster.endpoint,
    credentials,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

interface Cluster {
  readonly env: NodeJS.ProcessEnv;
  readonly fsid: string;
  readonly osdUuid: string;
  readonly monitor: string;
  readonly monmap: string;
  readonly endpoint: string;
}

async function prepareCluster(directory: string): Promise<Cluster> {
  for (const name of ['mon', 'osd', 'run', 'log', 'rgw']) await mkdir(join(directory, name));
  const [monitorPort, gatewayPort] = await freePorts();
  const fsid = randomUUID();
  const monitor = `[v2:127.0.0.1:${monitorPort}]`;
  const config = join(directory, 'ceph.conf');
  await writeFile(config, configText({ directory, fsid, monitor, gatewayPort }));
  return {
    env: { ...process.env, CEPH_CONF: config },
    fsid,
    osdUuid: randomUUID(),
    monitor,
    monmap: join(directory, 'monmap'),
    endpoint: `http://127.0.0.1:${gatewayPort}`,
  };
}

interface ConfigFacts {
  readonly directory: string;
  readonly fsid: string;
  readonly monitor: string;
  readonly gatewayPort: number;
}

/** The monitor waits `paxos_propose_interval` before each change of the cluster, and there are dozens of them. */
function configText({ directory, fsid, monitor, gatewayPort }: ConfigFacts): string {
  return `[global]
fsid=${fsid}
mon_host=${monitor}
auth_cluster_required=none
auth_service_required=none
auth_client_required=none
ms_mon_client_mode=crc
run_dir=${directory}/run
admin_socket=
pid_file=
log_file=${directory}/log/$name.log
public_addr=127.0.0.1
cluster_addr=127.0.0.1
ms_bind_ipv4=true
osd_pool_default_size=1
osd_pool_default_min_size=1
mon_allow_pool_size_one=true
osd_crush_chooseleaf_type=0
osd_pool_default_pg_num=2
osd_pool_default_pgp_num=2
mon_max_pg_per_osd=2000
mon_warn_on_pool_no_redundancy=false
paxos_propose_interval=0.05
paxos_min_wait=0.01
[mon]
mon_data=${directory}/mon
mon_cluster_log_file=${directory}/log/cluster.log
[osd]
osd_data=${directory}/osd
osd_objectstore=memstore
memstore_device_bytes=4294967296
osd_memory_target=939524096
[client]
rgw_data=${directory}/rgw
rgw_frontends=beast endpoint=127.0.0.1:${gatewayPort}
rgw_thread_pool_size=32
rgw_lc_debug_interval=-1
`;
}

/** Two ports that were free a moment ago. */
async function freePorts(): Promise<readonly [number, number]> {
  const servers = [createServer(), createServer()] as const;
  const ports = servers.map(async (server) => {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  });
  const [first = 0, second = 0] = await Promise.all(ports);
  for (const server of servers) server.close();
  return [first, second];
}

/** The kernel ends the daemon when this process ends, also when it is killed. */
function startDaemon(file: string, args: readonly string[], env: NodeJS.ProcessEnv): ChildProcess {
  return spawn('setpriv', ['--pdeathsig', 'KILL', file, ...args], { env, stdio: 'ignore' });
}

/** Killed, not asked: there is nothing to save, and the gateway takes seconds to leave. */
async function stopDaemon(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}

async function untilAnswered(endpoint: string): Promise<void> {
  const deadline = AbortSignal.timeout(stepMs);
  for (;;) {
    deadline.throwIfAborted();
    try {
      const answer = await fetch(endpoint, { signal: deadline });
      await answer.arrayBuffer();
      return;
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      await pause(50);
    }
  }
}
