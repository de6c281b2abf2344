import { createSocket, type RemoteInfo } from 'node:dgram';
import { once } from 'node:events';
import { isIPv6 } from 'node:net';
import type { AnswerQuery } from './answer-queries.ts';

export interface ServeOptions {
  readonly host: string;
  readonly port: number;
  readonly answer: AnswerQuery;
  readonly isClient: (address: string) => boolean;
  readonly onProblem: (error: Error) => void;
}

export interface DnsListener {
  readonly port: number;
  close(): Promise<void>;
}

/** Listens for queries over UDP. Others than clients hear nothing: their addresses may be forged. */
export async function serveUdp(options: ServeOptions): Promise<DnsListener> {
  const socket = createSocket({ type: isIPv6(options.host) ? 'udp6' : 'udp4' });
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    socket.bind({ address: options.host, port: options.port }, () => {
      socket.off('error', reject);
      resolve();
    });
  });
  let isOpen = true;
  socket.on('error', options.onProblem);
  const answer = async (message: Buffer, client: RemoteInfo): Promise<void> => {
    if (!options.isClient(client.address) || client.port === 0) return;
    const reply = await options.answer(message, 'udp');
    // Whether it arrives is the client's to find out.
    if (reply !== null && isOpen) socket.send(reply, client.port, client.address, () => {});
  };
  socket.on('message', (message, client) => {
    answer(message, client).catch(options.onProblem);
  });
  return {
    port: socket.address().port,
    async close() {
      isOpen = false;
      const closed = once(socket, 'close');
      socket.close();
      await closed;
    },
  };
}
