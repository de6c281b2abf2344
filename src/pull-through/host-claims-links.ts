import { connect, type Socket } from 'node:net';
import { systemErrorCode } from '../errors/ashlar-error.ts';
import { createLineReader, formatLine } from './host-claims-lines.ts';

/** Connections to the processes whose claims this one waits for: one for each, however many claims. */
export interface OwnerLinks extends Disposable {
  /** `ended`: the owner said so, or this process no longer wants to know. `gone`: it died, or is stopped. */
  wait(owner: string, token: string): Promise<'ended' | 'gone'>;
}

export interface OwnerLinksOptions {
  readonly socketOf: (owner: string) => string;
  /** How often an owner is asked for a sign of life; it is gone when three questions stay without one. */
  readonly silentTickMs: number;
}

export function createOwnerLinks(options: OwnerLinksOptions): OwnerLinks {
  const links = new Map<string, Link>();
  return {
    wait(owner, token) {
      let link = links.get(owner);
      if (link === undefined) {
        link = openLink({
          path: options.socketOf(owner),
          silentTickMs: options.silentTickMs,
          onClose: () => void links.delete(owner),
        });
        links.set(owner, link);
      }
      return link.wait(token);
    },
    [Symbol.dispose]() {
      for (const link of links.values()) link.finish('ended');
    },
  };
}

interface Link {
  wait(token: string): Promise<'ended' | 'gone'>;
  finish(outcome: 'ended' | 'gone'): void;
}

interface LinkOptions {
  readonly path: string;
  readonly silentTickMs: number;
  readonly onClose: () => void;
}

type Waiting = PromiseWithResolvers<'ended' | 'gone'>;

const maxSilentTicks = 3;
const reconnectMs = 100;

/** What `connect` answers when no process listens there any more; the rest may be want of descriptors on either side. */
const deadCodes: readonly string[] = ['ECONNREFUSED', 'ENOENT'];

function openLink(options: LinkOptions): Link {
  const waits = new Map<string, Waiting>();
  let isFinished = false;
  // Questions are counted, not time: who was stopped itself must not take that for the other's silence.
  let silentTicks = 0;
  let failures = 0;
  let ticker: NodeJS.Timeout | undefined;
  let retry: NodeJS.Timeout | undefined;
  let socket = open();

  function open(): Socket {
    const socket = connect(options.path);
    const read = createLineReader();
    socket.on('connect', () => {
      for (const token of waits.keys()) socket.write(formatLine('w', token));
      socket.write(formatLine('p'));
    });
    socket.on('data', (bytes: Buffer) => {
      silentTicks = 0;
      failures = 0;
      for (const { verb, token } of read(bytes) ?? []) if (verb === 'e') settle(token);
    });
    socket.on('error', (error) => {
      if (deadCodes.includes(systemErrorCode(error) ?? '')) finish('gone');
    });
    socket.on('close', () => {
      if (isFinished) return;
      if (waits.size === 0) return finish('ended');
      // An end without a word may be a process that is out of descriptors: only who refuses is dead.
      retry = setTimeout(reopen, failures === 0 ? 0 : reconnectMs);
      failures += 1;
    });
    return socket;
  }

  function reopen(): void {
    if (!isFinished) socket = open();
  }

  function tick(): void {
    if (silentTicks === maxSilentTicks - 1) return finish('gone');
    silentTicks += 1;
    if (socket.readyState === 'open') socket.write(formatLine('p'));
  }

  function settle(token: string): void {
    waits.get(token)?.resolve('ended');
    waits.delete(token);
    if (waits.size > 0) return;
    clearInterval(ticker);
    ticker = undefined;
    socket.unref();
  }

  function finish(outcome: 'ended' | 'gone'): void {
    if (isFinished) return;
    isFinished = true;
    clearInterval(ticker);
    clearTimeout(retry);
    options.onClose();
    socket.destroy();
    for (const waiting of waits.values()) waiting.resolve(outcome);
    waits.clear();
  }

  return {
    finish,
    wait(token) {
      const known = waits.get(token);
      if (known !== undefined) return known.promise;
      const waiting: Waiting = Promise.withResolvers();
      waits.set(token, waiting);
      socket.ref();
      if (ticker === undefined) {
        silentTicks = 0;
        ticker = setInterval(tick, options.silentTickMs);
      }
      if (socket.readyState === 'open') socket.write(formatLine('w', token));
      return waiting.promise;
    },
  };
}
