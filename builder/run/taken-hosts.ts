import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Server, type Socket } from 'node:net';
import { dirname, join } from 'node:path';
import { AshlarError } from '../../src/index.ts';
import { addressOfName, takenNames } from './taken-names.ts';
import { findAsker, type StepProcess } from './step-processes.ts';
import type { StepNamespace } from './step-namespace.ts';
import { toolEnvironment } from './tool-environment.ts';

/** Names whose connections are handed to this process instead of the network; 253 at most. */
export interface TakenHosts {
  readonly names: readonly string[];
  /** Owns the connection from then on. Must not throw. */
  readonly take: (connection: TakenConnection) => void;
}

export interface TakenConnection {
  readonly socket: Socket;
  /** Which of the names the step connected to. */
  readonly name: string;
  readonly port: TakenPort;
  /** The program of the step that connected; null when it is gone, or cannot be told. */
  readonly asker: () => Promise<StepProcess | null>;
}

export const takenPorts = [80, 443] as const;
export type TakenPort = (typeof takenPorts)[number];

/** A step that has more open at once sees the others closed: each takes memory of this process. */
const maxConnections = 512;
const startTimeoutMs = 20_000;

export interface TakenHostsPlace {
  readonly namespace: StepNamespace;
  /** Path of the container's network namespace, inside the step's mount namespace. */
  readonly containerNetwork: string;
  /** The root directory of the container, there too. */
  readonly root: string;
}

/**
 * Listens in the router's network namespace at the addresses that the names of `taken` have there. A socket belongs to the
 * namespace that it was made in, whoever holds it: a child makes it there and hands it over, and this process, whose
 * network is the host's, accepts. So nothing of the host's loopback has to be opened to the step. All connections
 * end when the handle is disposed.
 */
export async function openTakenHosts(
  taken: TakenHosts,
  place: TakenHostsPlace,
): Promise<AsyncDisposable> {
  const { namespace, containerNetwork, root } = place;
  const router = join(dirname(containerNetwork), 'router');
  const servers = await listenIn(namespace, router);
  const open = new Set<Socket>();
  const addresses = new Map(
    takenNames(taken.names).map((name, index) => [addressOfName(index), name]),
  );
  const processes = { proc: namespace.outside('/proc'), root: namespace.outside(root) };
  for (const [port, server] of servers) {
    server.maxConnections = maxConnections;
    // Who has said all may still wait for an answer.
    Object.assign(server, { allowHalfOpen: true });
    server.on('connection', (socket: Socket) => {
      open.add(socket);
      socket.once('close', () => open.delete(socket));
      socket.on('error', () => socket.destroy());
      const { localAddress: takenAddress = '', remotePort: stepPort } = socket;
      const name = addresses.get(takenAddress);
      if (name === undefined || stepPort === undefined) return void socket.destroy();
      const asker = (): Promise<StepProcess | null> =>
        findAsker(processes, { stepPort, takenAddress, takenPort: port });
      taken.take({ socket, name, port, asker });
    });
  }
  return {
    async [Symbol.asyncDispose]() {
      const closed = [...servers.values()].map(async (server) => {
        server.close();
        for (const socket of open) socket.destroy();
        await once(server, 'close');
      });
      await Promise.all(closed);
    },
  };
}

/** Makes the sockets and hands them over, one after the other. What is sent is on its way when the call comes back. */
const listenProgram = `
const { createServer } = require('node:net');
const ports = process.argv.slice(1).map(Number);
const next = () => {
  const port = ports.shift();
  if (port === undefined) process.exit();
  const server = createServer();
  server.listen({ port, host: '0.0.0.0', backlog: 511 }, () => process.send({ port }, server, next));
};
next();
`;

async function listenIn(
  namespace: StepNamespace,
  network: string,
): Promise<ReadonlyMap<TakenPort, Server>> {
  // prettier-ignore
  const [file, args] = namespace.enter(
    ['nsenter', `--net=${network}`, '--', process.execPath, '-e', listenProgram, ...takenPorts.map(String)],
  );
  const child = spawn(file, args, {
    env: toolEnvironment(),
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    timeout: startTimeoutMs,
    killSignal: 'SIGKILL',
  });
  const servers = new Map<TakenPort, Server>();
  child.on('message', ({ port }: { port: TakenPort }, handle) => {
    if (handle instanceof Server) servers.set(port, handle);
  });
  let words = '';
  child.stderr?.on(
    'data',
    (part: Buffer) => (words += words.length < 4_000 ? part.toString() : ''),
  );
  await once(child, 'close');
  if (servers.size === takenPorts.length) return servers;
  for (const server of servers.values()) server.close();
  const message = `cannot listen in the step's network: ${words.trim() || 'it took too long'}`;
  throw new AshlarError('kernel_feature_missing', message, { data: { stderr: words } });
}
