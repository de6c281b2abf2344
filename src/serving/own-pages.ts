import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import fastify from 'fastify';
import { absoluteTarget, isOwnAddress, isOwnName } from './absolute-target.ts';
import type { HandleRequest } from './handle-requests.ts';
import { noSniff } from './no-sniff.ts';
import { oneByOne } from './one-by-one.ts';

/** What a server says of itself, below `/-/ashlar/`. */
export interface OwnPages {
  /** The command that asks for its status. */
  readonly command: string;
  health(): object | Promise<object>;
  status(): Promise<object>;
  metrics(): Promise<string>;
}

const ownPage = /^\/-\/ashlar\/(?:health|status|metrics)(?:\?|$)/;

/**
 * Answers the requests for these pages; all others go to `handle`: what is a registry's or another host's comes as it was sent,
 * whatever method, path and body it has. Disposing ends the server with all that is on its connections.
 */
export async function serveOwnPages(
  http: Server,
  { own, handle }: { readonly own: OwnPages; readonly handle: HandleRequest },
): Promise<AsyncDisposable> {
  const app = fastify({
    serverFactory(handleOwn) {
      const take = (request: IncomingMessage, response: ServerResponse): void => {
        if (takesOwnForm(request)) handleOwn(request, response);
        // Its failures are told elsewhere; here nothing but this connection may end by them.
        else handle(request, response).catch(() => response.destroy());
      };
      http.on('request', oneByOne(take));
      return http;
    },
    forceCloseConnections: true,
  });
  app.addHook('onSend', async (_request, reply) => void reply.headers(noSniff));
  app.get('/-/ashlar/health', () => own.health());
  app.get('/-/ashlar/status', (request, reply) =>
    isFromHere(request.raw) ? own.status() : reply.code(403).send(statusRefusal(own)),
  );
  app.get('/-/ashlar/metrics', async (_request, reply) => {
    const text = await own.metrics();
    return reply.type('text/plain; version=0.0.4; charset=utf-8').send(text);
  });
  await app.ready();
  return { [Symbol.asyncDispose]: () => app.close() };
}

/** Whether one of the pages is asked for; a whole address becomes the usual form (RFC 9112, section 3.2.2). */
function takesOwnForm(request: IncomingMessage): boolean {
  const { method, url = '', socket } = request;
  if (method !== 'GET' && method !== 'HEAD') return false;
  const target = absoluteTarget(url);
  const isOwn = target !== null && isOwnAddress(target, socket);
  const path = isOwn ? `${target.pathname}${target.search}` : url;
  if (!ownPage.test(path)) return false;
  request.url = path;
  if (isOwn) request.headers.host = target.host;
  return true;
}

/** The status names packages or images, clients and builds, private ones too: it is for whoever runs the server. */
function statusRefusal({ command }: OwnPages): object {
  return {
    error: 'the status is given on the own machine alone, and not through a proxy',
    hint: `Run \`${command}\` there; /-/ashlar/metrics has numbers without names.`,
  };
}

/** A name or an address, and perhaps a port: nothing that a URL would read as something else. */
const hostForm = /^(?:[\w.-]+|\[[\da-f:.]+\])(?::\d{1,5})?$/i;

/**
 * The page of a stranger, in a browser on this machine, may have a name that leads here, but not one of this machine's own. Nor has
 * who asked for another host over TLS, as a build step does that a process of this machine leads here.
 */
function isFromHere({ socket, headers }: IncomingMessage): boolean {
  const peer = (socket.remoteAddress ?? '').replace(/^::ffff:/, '');
  const isLoopback = peer === '::1' || peer.startsWith('127.');
  const stated = hostForm.test(headers.host ?? '') ? `http://${headers.host}/` : '';
  const host = URL.parse(stated);
  const isNamedHere = host !== null && isOwnName(host) && !isForAnother(socket);
  return isLoopback && isNamedHere && headers['x-forwarded-for'] === undefined;
}

function isForAnother(socket: Socket): boolean {
  if (!(socket instanceof TLSSocket) || typeof socket.servername !== 'string') return false;
  const stated = URL.parse(`https://${socket.servername}/`);
  return stated === null || !isOwnName(stated);
}
