import { formatLine } from './host-claims-lines.ts';
import { openWire } from './host-claims-wire.ts';

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

function openLink({ path, silentTickMs, onClose }: LinkOptions): Link {
  const waits = new Map<string, Waiting>();
  let isFinished = false;
  // Questions are counted, not time: who was stopped itself must not take that for the other's silence.
  let silentTicks = 0;
  let ticker: NodeJS.Timeout | undefined;
  const wire = openWire(path, {
    greeting: () => [...[...waits.keys()].map((token) => formatLine('w', token)), formatLine('p')],
    onLines(lines) {
      silentTicks = 0;
      for (const { verb, token } of lines) if (verb === 'e') settle(token);
    },
    isNeeded: () => waits.size > 0,
    onEnd: finish,
  });

  function tick(): void {
    if (silentTicks === maxSilentTicks - 1) return finish('gone');
    silentTicks += 1;
    wire.say(formatLine('p'));
  }

  function settle(token: string): void {
    waits.get(token)?.resolve('ended');
    waits.delete(token);
    if (waits.size > 0) return;
    clearInterval(ticker);
    ticker = undefined;
    wire.unref();
  }

  function finish(outcome: 'ended' | 'gone'): void {
    if (isFinished) return;
    isFinished = true;
    clearInterval(ticker);
    onClose();
    wire.close();
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
      wire.ref();
      if (ticker === undefined) {
        silentTicks = 0;
        ticker = setInterval(tick, silentTickMs);
      }
      wire.say(formatLine('w', token));
      return waiting.promise;
    },
  };
}
