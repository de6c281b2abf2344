import { once } from 'node:events';
import { type IncomingMessage, request as startRequest } from 'node:http';
import { systemErrorCode } from '../../../src/errors/ashlar-error.ts';

export interface Asked {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  /** How long nothing may come before the answer is taken as stalled. Default 5 s. */
  readonly idleMs?: number;
}

/** What came over the wire, undecoded, and how it ended. */
export interface WireAnswer {
  /** 0: the connection broke before there was a status. */
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
  readonly end: 'whole' | 'broken' | 'stalled';
}

/** One request over plain HTTP on a connection of its own; faults of the connection are part of the answer. */
export async function ask(url: string, asked: Asked = {}): Promise<WireAnswer> {
  const { method = 'GET', headers = {}, body, idleMs = 5_000 } = asked;
  const request = startRequest(url, { method, headers, agent: false });
  let end: WireAnswer['end'] = 'whole';
  request.setTimeout(idleMs, () => {
    end = 'stalled';
    request.destroy();
  });
  // Those after the headers are the response's as well.
  request.on('error', () => {});
  request.end(body);
  const parts: Buffer[] = [];
  let response: IncomingMessage | undefined;
  try {
    [response] = (await once(request, 'response')) as [IncomingMessage];
    for await (const part of response as AsyncIterable<Buffer>) parts.push(part);
  } catch (error) {
    if (!isBreak(error)) throw error;
    if (end === 'whole') end = 'broken';
  } finally {
    request.destroy();
  }
  return {
    status: response?.statusCode ?? 0,
    headers: response?.headers ?? {},
    body: Buffer.concat(parts),
    end,
  };
}

function isBreak(error: unknown): boolean {
  const codes = ['ECONNRESET', 'ECONNREFUSED', 'EPIPE', 'ERR_STREAM_PREMATURE_CLOSE'];
  return codes.includes(systemErrorCode(error) ?? '');
}
