/**
 * Stands in for a host with a network: run in a network namespace of its own by network.test.ts. It listens on
 * every address, answers DNS on a loopback stub as systemd-resolved does, runs one isolated step, and prints
 * what the step said and what reached the listeners.
 */
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { withRunStep } from '../../../builder/run/run-step.ts';
import type { NetworkHelper } from '../../../builder/run/step-network.ts';

export interface HostRequest {
  readonly workRoot: string;
  readonly disk: string;
  readonly script: string;
  readonly helper: NetworkHelper;
  /** Frames to wait for after the step, by their text; they were sent last. */
  readonly awaited: readonly string[];
}

export interface HostReport {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
  /** Local addresses on which TCP connections arrived. */
  readonly connections: readonly string[];
  /** Texts of the datagrams that arrived. */
  readonly datagrams: readonly string[];
}

const port = 7777;

if (process.argv[2] !== undefined) {
  const request = JSON.parse(process.argv[2]) as HostRequest;
  process.stdout.write(`${JSON.stringify(await serveStep(request))}\n`);
  process.exit(0);
}

async function serveStep(request: HostRequest): Promise<HostReport> {
  const connections: string[] = [];
  const server = createServer((socket) => {
    connections.push(socket.localAddress ?? '');
    socket.on('error', () => {
      // A step that leaves early is no concern of the listener.
    });
    socket.end('hello\n');
  });
  server.listen(port, '::');
  await once(server, 'listening');
  const datagrams: string[] = [];
  const udp = createSocket({ type: 'udp6' });
  udp.on('message', (text) => datagrams.push(text.toString()));
  udp.bind(port, '::');
  await once(udp, 'listening');
  await startNameServer();
  const output = { stdout: '', stderr: '' };
  const exitCode = await withRunStep(
    {
      workRoot: request.workRoot,
      parentDisk: request.disk,
      argv: ['/bin/sh', '-c', request.script],
      env: {},
      workdir: '/',
      user: '',
      limits: { timeoutMs: 60_000, upperBytes: 64 * 1024 * 1024 },
      network: 'isolated',
      tools: { networkHelper: request.helper },
      onOutput: (stream, chunk) => (output[stream] += chunk.toString()),
    },
    async (step) => {
      while (!request.awaited.every((text) => datagrams.includes(text))) await once(udp, 'message');
      return step.exitCode;
    },
  );
  return { exitCode, ...output, connections, datagrams };
}

/** Answers every question for an A record with 192.0.2.99, RFC 1035. */
async function startNameServer(): Promise<Socket> {
  const socket = createSocket('udp4');
  socket.on('message', (query, from) => {
    const question = query.subarray(12);
    const end = question.indexOf(0) + 5;
    const isA = question.readUInt16BE(end - 4) === 1;
    const header = Buffer.from([
      ...query.subarray(0, 2),
      0x81,
      0x80,
      0,
      1,
      0,
      isA ? 1 : 0,
      0,
      0,
      0,
      0,
    ]);
    const answer = Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 99]);
    const parts = [header, question.subarray(0, end), ...(isA ? [answer] : [])];
    socket.send(Buffer.concat(parts), from.port, from.address);
  });
  socket.bind(53, '127.0.0.53');
  await once(socket, 'listening');
  return socket;
}
