import { lookup } from 'node:dns';
import { BlockList, connect, type LookupFunction, type Socket } from 'node:net';
import { prohibited4, prohibited6 } from '../run/step-network-script.ts';

/** Why there is no connection; for people. */
export class NoConnection extends Error {
  constructor(words: string) {
    super(words);
    this.name = 'NoConnection';
  }
}

const answerTimeoutMs = 3_000;
const straightTimeoutMs = 30_000;
const maxHeadBytes = 16 * 1024;

/** Opens a connection to a name at port 443 by way of a mirror. Throws `NoConnection`. */
export async function connectThrough(mirrorUrl: string, name: string): Promise<Socket> {
  const { hostname, port } = new URL(mirrorUrl);
  const host = hostname.replace(/^\[(.*)\]$/, '$1');
  const socket = connect({
    host,
    port: port === '' ? 80 : Number(port),
    noDelay: true,
    allowHalfOpen: true,
  });
  const head = await opened(socket, answerTimeoutMs, (resolve, reject) => {
    let said = Buffer.alloc(0);
    const onData = (part: Buffer): void => {
      said = Buffer.concat([said, part]);
      const end = said.indexOf('\r\n\r\n');
      if (end === -1 && said.length <= maxHeadBytes) return;
      socket.off('data', onData).pause();
      if (end === -1) return reject('it speaks no HTTP');
      // Of what comes behind it nothing may be lost.
      if (said.length > end + 4) socket.unshift(said.subarray(end + 4));
      resolve(said.toString('latin1', 0, end));
    };
    socket.on('data', onData);
    socket.once('connect', () =>
      socket.write(`CONNECT ${name}:443 HTTP/1.1\r\nHost: ${name}:443\r\n\r\n`),
    );
  });
  const status = /^HTTP\/1\.[01] (\d{3})/.exec(head)?.[1] ?? 'no HTTP';
  if (status === '200') return socket;
  socket.destroy();
  throw new NoConnection(`it answered ${status} to CONNECT`);
}

/**
 * Opens a connection to a host as the host of the build reaches it, but never to an address that a step must not reach
 * otherwise. Throws `NoConnection`.
 */
export async function connectStraight(name: string, port: number): Promise<Socket> {
  const socket = connect({
    host: name,
    port,
    lookup: allowedLookup,
    noDelay: true,
    allowHalfOpen: true,
  });
  await opened(socket, straightTimeoutMs, (resolve) => socket.once('connect', () => resolve('')));
  return socket;
}

/** Waits for what `begin` waits for; what happens to the socket afterwards is its owner's concern. */
async function opened(
  socket: Socket,
  timeoutMs: number,
  begin: (resolve: (text: string) => void, reject: (words: string) => void) => void,
): Promise<string> {
  const waited = Promise.withResolvers<string>();
  const fail = (words: string): void => waited.reject(new NoConnection(words));
  const timer = setTimeout(() => fail(`no answer in ${timeoutMs} ms`), timeoutMs);
  const onEnd = (): void => fail('it closed the connection');
  socket.on('error', ({ message }) => fail(message));
  socket.once('end', onEnd).once('close', onEnd);
  begin(waited.resolve, fail);
  try {
    return await waited.promise;
  } catch (error) {
    socket.destroy();
    throw error;
  } finally {
    clearTimeout(timer);
    socket.off('end', onEnd).off('close', onEnd);
  }
}

/** One for each family: in one that has the mapped addresses of IPv6, every address of IPv4 is found. */
const prohibited = {
  4: blockList(prohibited4, 'ipv4'),
  6: blockList(prohibited6, 'ipv6'),
};

function blockList(networks: readonly string[], family: 'ipv4' | 'ipv6'): BlockList {
  const list = new BlockList();
  for (const network of networks) {
    const [address = '', prefix = ''] = network.split('/');
    list.addSubnet(address, Number(prefix), family);
  }
  return list;
}

const allowedLookup: LookupFunction = (name, options, callback) => {
  lookup(name, { ...options, all: true }, (error, found) => {
    if (error !== null) return callback(error, []);
    const allowed = found.filter(({ address, family }) =>
      family === 4 ? !prohibited[4].check(address, 'ipv4') : !prohibited[6].check(address, 'ipv6'),
    );
    const [first] = allowed;
    if (first === undefined) {
      const problem = new Error(`${name} leads to no address that a step may reach`);
      return callback(problem, []);
    }
    if (options.all === true) callback(null, allowed);
    else callback(null, first.address, first.family);
  });
};
