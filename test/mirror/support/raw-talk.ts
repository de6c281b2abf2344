import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** Sends these very bytes and gives all that comes until the other side closes, or until `until` is in it. */
export async function rawTalk(
  { port, host = '127.0.0.1' }: { port: number; host?: string },
  text: string | Buffer,
  { until, timeoutMs = 5_000 }: { until?: string; timeoutMs?: number } = {},
): Promise<string> {
  const socket = await openSocket({ port, host });
  socket.write(text);
  return readUntil(socket, { until, timeoutMs });
}

export async function openSocket({
  port,
  host = '127.0.0.1',
}: {
  port: number;
  host?: string;
}): Promise<Socket> {
  const socket = connect({ port, host, allowHalfOpen: true });
  socket.on('error', () => {});
  await once(socket, 'connect');
  return socket;
}

/** Ends the socket where `until` is not given or does not come. */
export async function readUntil(
  socket: Socket,
  { until, timeoutMs = 5_000 }: { until?: string | undefined; timeoutMs?: number } = {},
): Promise<string> {
  let text = '';
  const done = Promise.withResolvers<void>();
  const onData = (bytes: Buffer): void => {
    text += bytes.toString('latin1');
    if (until !== undefined && text.includes(until)) done.resolve();
  };
  const timer = setTimeout(() => {
    text += '<nothing more came in time>';
    done.resolve();
  }, timeoutMs);
  socket.on('data', onData);
  for (const event of ['end', 'close', 'error'] as const) socket.once(event, () => done.resolve());
  socket.resume();
  await done.promise;
  clearTimeout(timer);
  socket.off('data', onData);
  if (until === undefined || !text.includes(until)) socket.destroy();
  return text;
}
