import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { givenCertificates } from '../../../builder/injection/given-certificates.ts';
import { createMirrorWay, type MirrorDoor } from '../../../builder/injection/mirror-door.ts';
import type { TakenPort } from '../../../builder/run/taken-hosts.ts';
import { stepProgram } from './support/step-program.ts';

const given = givenCertificates({ certificates: ['x'] }, 'additional');
let stack: AsyncDisposableStack;
let directory: string;
beforeEach(async () => {
  stack = new AsyncDisposableStack();
  directory = await mkdtemp(join(tmpdir(), 'ashlar-door-'));
  stack.defer(() => rm(directory, { recursive: true, force: true }));
  await writeFile(join(directory, 'node'), 'NODE_EXTRA_CA_CERTS');
});
afterEach(() => stack.disposeAsync());

async function listening(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
  });
  stack.defer(async () => {
    server.close();
    for (const socket of sockets) socket.destroy();
    await once(server, 'close');
  });
  return (server.address() as AddressInfo).port;
}

/** A mirror that answers CONNECT like this, and then gives back what it is sent. */
async function startMirror(answer = 'HTTP/1.1 200 OK\r\n\r\n') {
  const asked: string[] = [];
  const server = createHttpServer();
  server.on('connect', ({ url = '' }: { url?: string }, socket: Duplex) => {
    asked.push(url);
    socket.on('error', () => socket.destroy());
    socket.write(answer);
    if (/ 200 /.test(answer)) socket.pipe(socket);
    else socket.end();
  });
  const port = await listening(server);
  return { url: `http://127.0.0.1:${port}`, asked };
}

/** What comes back for `hello` to the name at this port; null for a connection that is reset. */
async function say(
  door: MirrorDoor,
  from: { readonly env?: Readonly<Record<string, string>>; readonly port?: TakenPort } = {},
): Promise<string | null> {
  const { env = given.env, port = 443 } = from;
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    const program = stepProgram({ id: JSON.stringify(env), file: join(directory, 'node'), env });
    const asker = () => Promise.resolve(program);
    // A name that leads to this machine's loopback, where nothing may ever be let through to.
    door.taken.take({ socket, name: 'localhost', port, asker });
  });
  const client = connect(await listening(server), '127.0.0.1').setTimeout(10_000);
  client.end('hello');
  try {
    return await text(client);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ECONNRESET') return null;
    throw error;
  }
}

function wayTo(url: string, nowMs: () => number = () => 0) {
  const failures: string[] = [];
  const mirror = { url, names: ['localhost'], certificates: ['x'] };
  const onFailure = (problem: string): void => void failures.push(problem);
  return { way: createMirrorWay({ mirror, onFailure, monotonicMs: nowMs }), failures };
}

describe('the way of steps to a mirror', () => {
  it('is that of what trusts it, by CONNECT, with nothing lost that comes at once', async () => {
    const mirror = await startMirror('HTTP/1.1 200 Connection Established\r\nx: y\r\n\r\nearly ');
    const { way, failures } = wayTo(mirror.url);
    const door = way.doorFor(given);
    expect(await Promise.all([say(door), say(door)])).toEqual(['early hello', 'early hello']);
    expect(mirror.asked).toEqual(['localhost:443', 'localhost:443']);
    expect([door.use, failures]).toEqual([{ through: 2, straight: 0, without: 0 }, []]);
  });

  it('is not that of others, nor of plain http; and nothing leads to the loopback of the host', async () => {
    const mirror = await startMirror();
    const { way } = wayTo(mirror.url);
    const [one, other] = [way.doorFor(given), way.doorFor(given)];
    expect(await say(one, { env: {} })).toBe(null);
    expect(await say(other, { port: 80 })).toBe(null);
    expect(mirror.asked).toEqual([]);
    expect([one.use.straight, other.use.straight, way.use.straight]).toEqual([1, 1, 2]);
  });

  it('looks for no program that has left, and for a few at a time', async () => {
    const mirror = await startMirror();
    const { way } = wayTo(mirror.url);
    const door = way.doorFor(given);
    let looked = 0;
    let mostAtOnce = 0;
    const held = Promise.withResolvers<null>();
    const taken: Socket[] = [];
    const server = createServer({ allowHalfOpen: true }, (socket) => {
      taken.push(socket);
      const asker = async (): Promise<null> => {
        looked += 1;
        mostAtOnce = Math.max(mostAtOnce, looked);
        return held.promise;
      };
      door.taken.take({ socket, name: 'localhost', port: 443, asker });
    });
    const port = await listening(server);
    const clients = Array.from({ length: 200 }, () => connect(port, '127.0.0.1'));
    for (const client of clients) client.on('error', () => {});
    while (taken.length < clients.length) await once(server, 'connection');
    const closed = taken.map((socket) => once(socket, 'close'));
    for (const socket of taken) socket.destroy();
    await Promise.all(closed);
    held.resolve(null);
    // The last of the queue is behind all others.
    expect(await say(door)).toBe('hello');
    expect(mostAtOnce).toBeLessThanOrEqual(32);
    expect(looked).toBe(mostAtOnce);
    for (const client of clients) client.destroy();
  });

  it.each([
    ['refuses', 'HTTP/1.1 403 Forbidden\r\n\r\n', 'it answered 403 to CONNECT'],
    ['speaks something else', 'SSH-2.0-x\r\n\r\n', 'it answered no HTTP to CONNECT'],
    ['says too much', `HTTP/1.1 200 OK\r\nx: ${'y'.repeat(40_000)}`, 'it speaks no HTTP'],
    ['leaves', '', 'it closed the connection'],
  ])('is left for a while where the mirror %s, and told of once', async (_, answer, problem) => {
    const mirror = await startMirror(answer);
    let nowMs = 1_000;
    const { way, failures } = wayTo(mirror.url, () => nowMs);
    const door = way.doorFor(given);
    expect(await say(door)).toBe(null);
    expect(await say(door)).toBe(null);
    expect(mirror.asked).toHaveLength(1);
    nowMs += 10_000;
    expect(await say(door)).toBe(null);
    expect(mirror.asked).toHaveLength(2);
    expect([door.use.without, failures]).toEqual([3, [problem]]);
  });

  it('is left where the mirror does not answer', async () => {
    const port = await listening(createServer({ pauseOnConnect: true }));
    const { way, failures } = wayTo(`http://127.0.0.1:${port}`);
    expect(await say(way.doorFor(given))).toBe(null);
    expect(failures).toEqual(['no answer in 3000 ms']);
  });

  it('is left where the mirror is gone', async () => {
    const gone = createServer().listen(0, '127.0.0.1');
    await once(gone, 'listening');
    const { port } = gone.address() as AddressInfo;
    gone.close();
    await once(gone, 'close');
    const { way, failures } = wayTo(`http://127.0.0.1:${port}`);
    expect(await say(way.doorFor(given))).toBe(null);
    expect(failures).toEqual([expect.stringContaining('ECONNREFUSED')]);
  });
});
