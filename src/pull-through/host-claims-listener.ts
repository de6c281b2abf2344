import { once } from 'node:events';
import { rename, rm } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import type { ClaimsFolder } from './host-claims-folder.ts';
import { createLineReader, formatLine } from './host-claims-lines.ts';

/** The socket of this process, on which others learn when its claims end. */
export interface ClaimsListener extends AsyncDisposable {
  /** From now on who asks for the token waits. */
  hold(token: string): void;
  /** Tells all who wait. */
  end(token: string): void;
  /** For waiters in this process. */
  whenEnded(token: string): Promise<void>;
}

/** Processes that connect in the same moment. */
const backlog = 1024;

const lastWordsMs = 1_000;

export async function listenForWaiters(
  folder: ClaimsFolder,
  owner: string,
): Promise<ClaimsListener> {
  const waiters = new Map<string, Set<() => void>>();
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.unref();
    socket.on('close', () => sockets.delete(socket));
    serve(socket, waiters);
  });
  // A socket that others can find listens already: one that refuses has no process any more.
  const path = join(folder.path, `${owner}.new`);
  await folder.use(async () => {
    server.listen({ path, backlog });
    await once(server, 'listening');
    await rename(path, folder.socketOf(owner));
  });
  server.unref();
  return {
    hold: (token) => void waiters.set(token, new Set()),
    end(token) {
      const waiting = waiters.get(token) ?? [];
      waiters.delete(token);
      for (const tell of waiting) tell();
    },
    whenEnded: (token) =>
      new Promise((resolve) => {
        const waiting = waiters.get(token);
        if (waiting === undefined) resolve();
        else waiting.add(resolve);
      }),
    async [Symbol.asyncDispose]() {
      await folder.use(() => rm(folder.socketOf(owner), { force: true }));
      await close(server, sockets);
    },
  };
}

function serve(socket: Socket, waiters: Map<string, Set<() => void>>): void {
  const read = createLineReader();
  const mine = new Map<string, () => void>();
  const answer = (line: string): void => {
    if (!socket.destroyed) socket.write(line);
  };
  socket.on('error', () => {}); // the other process ended
  socket.on('close', () => {
    for (const [token, tell] of mine) waiters.get(token)?.delete(tell);
  });
  socket.on('data', (bytes: Buffer) => {
    const lines = read(bytes);
    if (lines === null) socket.destroy();
    for (const { verb, token } of lines ?? []) {
      if (verb === 'p') answer(formatLine('a'));
      if (verb !== 'w') continue;
      const tell = (): void => {
        mine.delete(token);
        answer(formatLine('e', token));
      };
      const waiting = waiters.get(token);
      if (waiting === undefined) tell();
      else if (!mine.has(token)) {
        mine.set(token, tell);
        waiting.add(tell);
      }
    }
  });
}

/** What was written before reaches the others ahead of the end, but for one that is stopped and does not read. */
async function close(server: Server, sockets: ReadonlySet<Socket>): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  for (const socket of sockets) socket.destroySoon();
  const timer = setTimeout(() => {
    for (const socket of sockets) socket.destroy();
  }, lastWordsMs);
  await closed;
  clearTimeout(timer);
}
