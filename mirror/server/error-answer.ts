import { AshlarError, toAshlarError } from '../../src/index.ts';
import { type Answer, jsonAnswer } from '../../src/network.ts';

/**
 * What a failure is answered with: upstream's own status where it has said that there is no such thing or that it may not be
 * read, else the status of the catalogue; never 404 for what could not be asked. npm shows `error`, and `npm-notice` in front
 * of it: what is the operator's to mend has its mend in `error`.
 */
export function errorAnswer(failure: unknown): Answer {
  const error = toAshlarError(failure);
  const { code, message, hint, entry, data } = error;
  const status = statusOf(error);
  const isInternal = code === 'internal';
  const mended = entry.class === 'operator' ? `${message}. ${hint}` : message;
  const shown = isInternal ? 'the mirror failed; its log says how' : mended;
  const answer = jsonAnswer(status, { error: shown, code, class: entry.class, hint });
  const unkept = { 'cache-control': 'no-store' };
  const notice = code === 'package_blocked' ? { 'npm-notice': headerText(message) } : {};
  // Clients ask for a one-time password, or to log in, by it.
  const { authenticate } = data;
  const login =
    typeof authenticate === 'string' ? { 'www-authenticate': headerText(authenticate) } : {};
  const retry = entry.retryable && status >= 429 ? { 'retry-after': '2' } : {};
  return { ...answer, headers: { ...answer.headers, ...unkept, ...notice, ...login, ...retry } };
}

const upstreamsWord: readonly string[] = ['package_not_found', 'package_forbidden'];

function statusOf({ code, data, entry }: AshlarError): number {
  const { status } = data;
  if (upstreamsWord.includes(code) && typeof status === 'number') return status;
  // Limits are upstream's and the mirror's matter: clients of some versions give up at once when they see a 429.
  if (code === 'registry_rate_limited') return 503;
  return entry.httpStatus;
}

/** Printable ASCII, and not long. */
export function headerText(text: string): string {
  return text.replaceAll(/[^\x20-\x7e]+/g, ' ').slice(0, 500);
}
