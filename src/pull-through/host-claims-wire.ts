import { connect, type Socket } from 'node:net';
import { systemErrorCode } from '../errors/ashlar-error.ts';
import { type ClaimLine, createLineReader } from './host-claims-lines.ts';

/** A connection to a process that is made anew when it breaks, as long as somebody needs it. */
export interface Wire {
  /** Says a line; where there is no connection now, the greeting of the next one has to say what is wanted. */
  say(line: string): void;
  /** Whether it keeps this process from ending. */
  ref(): void;
  unref(): void;
  close(): void;
}

export interface WireEvents {
  /** What is said first on each connection. */
  greeting(): readonly string[];
  /** Something came, if no whole line. */
  onLines(lines: readonly ClaimLine[]): void;
  /** Asked when the connection breaks. */
  isNeeded(): boolean;
  /** `gone`: no process listens there any more; `ended`: it is not needed. Asks for `close`. */
  onEnd(outcome: 'ended' | 'gone'): void;
}

const reconnectMs = 100;

/** What `connect` answers when no process listens there any more; the rest may be want of descriptors on either side. */
const deadCodes: readonly string[] = ['ECONNREFUSED', 'ENOENT'];

export function openWire(path: string, events: WireEvents): Wire {
  let isClosed = false;
  let failures = 0;
  let retry: NodeJS.Timeout | undefined;
  let socket = open();

  function open(): Socket {
    const opened = connect(path);
    const read = createLineReader();
    opened.on('connect', () => {
      for (const line of events.greeting()) opened.write(line);
    });
    opened.on('data', (bytes: Buffer) => {
      failures = 0;
      events.onLines(read(bytes) ?? []);
    });
    opened.on('error', (error) => {
      if (deadCodes.includes(systemErrorCode(error) ?? '')) events.onEnd('gone');
    });
    opened.on('close', () => {
      if (isClosed) return;
      if (!events.isNeeded()) return events.onEnd('ended');
      // An end without a word may be a process that is out of descriptors: only who refuses is dead.
      retry = setTimeout(reopen, failures === 0 ? 0 : reconnectMs);
      failures += 1;
    });
    return opened;
  }

  function reopen(): void {
    if (!isClosed) socket = open();
  }

  return {
    say(line) {
      if (socket.readyState === 'open') socket.write(line);
    },
    ref: () => void socket.ref(),
    unref: () => void socket.unref(),
    close() {
      isClosed = true;
      clearTimeout(retry);
      socket.destroy();
    },
  };
}
