import { STATUS_CODES } from 'node:http';
import { AttemptFailure, type AttemptFailureFacts } from '../../upstream/attempt-failure.ts';
import type { ExchangeRequest } from './exchange-request.ts';
import { parseRetryAfter } from '../../upstream/retry.ts';
import { readBody, type TransportResponse } from '../../upstream/transport.ts';

const maxErrorBytes = 64 * 1024;

/**
 * What an answer that is no success means. Of a host that the registry redirected to, every refusal counts as a
 * passing failure: signed addresses expire, and the registry gives a new one.
 */
export async function failureOfStatus(
  response: TransportResponse,
  context: {
    readonly isOwnHost: boolean;
    readonly request: ExchangeRequest;
    readonly nowMs: () => number;
  },
): Promise<AttemptFailure> {
  const { request, nowMs, isOwnHost } = context;
  const { status } = response;
  const words = await registryWords(response, request.method);
  const said = words === null ? '' : `: ${words}`;
  const name = STATUS_CODES[status] === undefined ? '' : ` ${STATUS_CODES[status]}`;
  const via = isOwnHost ? '' : `, where ${request.endpoint.host} redirected to,`;
  const problem = `${response.url.host}${via} answered ${status}${name}${said}`;
  const retryAfterMs = parseRetryAfter(response.header('retry-after'), nowMs());
  return new AttemptFailure(problem, { ...meaningOf(status, isOwnHost), retryAfterMs, status });
}

function meaningOf(
  status: number,
  isOwnHost: boolean,
): Pick<AttemptFailureFacts, 'code' | 'isPassing'> {
  if (status === 429) return { code: 'registry_rate_limited', isPassing: true };
  if (!isOwnHost) return { code: 'registry_unavailable', isPassing: true };
  if (status === 401 || status === 403) return { code: 'registry_auth_required', isPassing: false };
  if (status === 404) return { code: 'base_not_found', isPassing: false };
  return { code: 'registry_unavailable', isPassing: status >= 500 || status === 408 };
}

/** The first entry of `{"errors":[{"code","message"}]}` (OCI distribution-spec 1.1, "Error Codes"). */
async function registryWords(
  response: TransportResponse,
  method: ExchangeRequest['method'],
): Promise<string | null> {
  if (method === 'HEAD') {
    await response.discard();
    return null;
  }
  try {
    const text = (await readBody(response, maxErrorBytes)).toString('utf8');
    const { errors } = JSON.parse(text) as { errors?: readonly Record<string, unknown>[] };
    const first = errors?.[0];
    const words = [first?.['code'], first?.['message']].filter((word) => typeof word === 'string');
    const plain = words
      .join(': ')
      .replaceAll(/[^\x20-\x7e]+/g, ' ')
      .slice(0, 200);
    return plain === '' ? null : plain;
  } catch (error) {
    // The status says enough where the body is broken off, too long, or no JSON of this shape.
    if (isUnreadable(error)) return null;
    throw error;
  }
}

function isUnreadable(error: unknown): boolean {
  return (
    error instanceof AttemptFailure || error instanceof SyntaxError || error instanceof TypeError
  );
}
