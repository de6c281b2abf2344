import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

export type TakeRequest = (request: IncomingMessage, response: ServerResponse) => void;

/** Clients that send requests ahead send a handful. */
const maxWaiting = 32;
/** Connections whose clients sent more: node holds all that it has read of them, some megabytes, until they end. */
const maxClosing = 16;
const closingMs = 5_000;

/** What is behind the request that is being answered. */
interface Line {
  readonly waiting: { readonly response: ServerResponse; readonly begin: () => void }[];
  isClosing: boolean;
}

/**
 * Takes the requests of a connection one after the other, the next when the answer to the one before is sent: node begins all
 * that one read brought at once, which are more than a thousand, and holds what their answers have. Where more than 32 wait,
 * the connection is read no further and closed after these, or at once where many are; what is not answered may be sent again
 * (RFC 9112, section 9.3.2).
 */
export function oneByOne(take: TakeRequest): TakeRequest {
  const lines = new WeakMap<Socket, Line>();
  const closing = new Set<Socket>();
  const begin = (request: IncomingMessage, response: ServerResponse): void => {
    take(request, response);
    response.once('close', () => goOn(request.socket));
  };
  const goOn = (socket: Socket): void => {
    const next = socket.destroyed ? undefined : lines.get(socket)?.waiting.shift();
    if (next === undefined) lines.delete(socket);
    else next.begin();
  };
  return (request, response) => {
    const { socket } = request;
    // The rest of a read may come when the connection is closed already.
    if (socket.destroyed) return;
    const line = lines.get(socket);
    if (line === undefined) {
      lines.set(socket, { waiting: [], isClosing: false });
      begin(request, response);
    } else if (line.waiting.length === maxWaiting || line.isClosing) close(socket, line, closing);
    else line.waiting.push({ response, begin: () => begin(request, response) });
  };
}

function close(socket: Socket, line: Line, closing: Set<Socket>): void {
  if (line.isClosing) return;
  line.isClosing = true;
  if (closing.size === maxClosing) {
    socket.destroy();
    return;
  }
  closing.add(socket);
  socket.pause();
  const last = line.waiting.at(-1);
  if (last !== undefined) last.response.shouldKeepAlive = false;
  const timer = setTimeout(() => socket.destroy(), closingMs);
  socket.once('close', () => {
    clearTimeout(timer);
    closing.delete(socket);
  });
}
