import type { Writable } from 'node:stream';
import { pino } from 'pino';
import type { ServedRequest } from '../serving/observe/served-request.ts';
import type { ListenPlace } from './parse-listen.ts';

/** What a running server tells on stderr; no credential is ever in it. */
export interface ServingLog {
  ready(facts: ReadyFacts): void;
  request(record: ServedRequest): void;
  notKept(subject: string, error: unknown): void;
  problem(error: unknown): void;
}

export interface ReadyFacts {
  readonly http: ListenPlace;
  readonly tls: ListenPlace | null;
  readonly dns: ListenPlace | null;
  /** The registries that it stands for. */
  readonly hosts: readonly string[];
  readonly upstreams: readonly string[];
}

/** `json`: one object a line. `text`: what failed or was slow, and how it began. */
export function createServingLog(
  server: 'mirror' | 'registry-cache',
  form: 'text' | 'json' | 'none',
  stderr: Writable,
): ServingLog {
  if (form === 'none') return silent;
  return form === 'json' ? jsonLog(server, stderr) : textLog(server, stderr);
}

const slowMs = 5_000;
const nothing = (): void => {};
const silent: ServingLog = { ready: nothing, request: nothing, notKept: nothing, problem: nothing };

function jsonLog(server: string, stderr: Writable): ServingLog {
  const log = pino({ base: null, timestamp: pino.stdTimeFunctions.isoTime }, stderr);
  return {
    ready: (facts) => log.info({ event: 'ready', ...facts }, `the ${server} listens`),
    request: (record) => {
      if (record.outcome.kind === 'failed') log.warn({ event: 'request', ...record });
      else log.info({ event: 'request', ...record });
    },
    notKept: (subject, error) =>
      log.error({ event: 'not_kept', subject, problem: messageOf(error) }, 'cannot be stored'),
    problem: (error) => log.error({ event: 'problem', problem: messageOf(error) }),
  };
}

function textLog(server: string, stderr: Writable): ServingLog {
  const write = (line: string): void => void stderr.write(`${server}: ${line}\n`);
  return {
    ready({ http, tls, dns, hosts, upstreams }) {
      write(`http://${placeOf(http)}/`);
      if (tls !== null) write(`TLS at ${placeOf(tls)} for ${hosts.join(', ')}`);
      if (dns !== null) write(`DNS at ${placeOf(dns)}`);
      write(`fetches from ${upstreams.join(', ')}`);
    },
    request({ outcome, method, kind, subject: name, status, time, state }) {
      const what = `${method} ${kind}${name === null ? '' : ` ${name}`}`;
      const took = `${(time.wallMs / 1000).toFixed(1)} s`;
      if (outcome.kind === 'failed') {
        const { message, class: who, hint } = outcome;
        // Who reads the log can mend what is the operator's to mend.
        const mend = who === 'operator' ? `. ${hint}` : '';
        write(`${what}: ${status} after ${took}: ${message} (${who})${mend}`);
      } else if (time.wallMs > slowMs) write(`${what}: ${state} took ${took}`);
    },
    notKept: (subject, error) => write(`${subject} cannot be stored: ${messageOf(error)}`),
    problem: (error) => write(messageOf(error)),
  };
}

function placeOf({ host, port }: ListenPlace): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
