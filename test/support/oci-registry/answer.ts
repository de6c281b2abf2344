import { type Bytes, bytesOf, noBytes } from './bytes.ts';

/** An answer before ranges and faults are put to it. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Bytes;
}

export function json(
  status: number,
  value: unknown,
  headers: Readonly<Record<string, string>> = {},
): Answer {
  const body = bytesOf(Buffer.from(JSON.stringify(value)));
  return { status, headers: { 'content-type': 'application/json', ...headers }, body };
}

/** Distribution specification, "Error Codes". */
export function failure(
  status: number,
  code: string,
  headers: Readonly<Record<string, string>> = {},
): Answer {
  const message = code.toLowerCase().replaceAll('_', ' ');
  return json(status, { errors: [{ code, message, detail: null }] }, headers);
}

export function redirect(status: number, location: string): Answer {
  return { status, headers: { location }, body: noBytes };
}
