import { catalogue, type CatalogueEntry, type ErrorCode } from './catalogue.ts';

/** Facts that belong to the failure: digests, paths, line numbers, URLs without secrets. */
export type ErrorData = Readonly<Record<string, string | number | boolean | readonly string[]>>;

export interface ErrorOptions {
  readonly data?: ErrorData;
  readonly cause?: unknown;
  /** Replaces the catalogue's hint where the place of the failure knows a better one. */
  readonly hint?: string;
}

/** A failure with a code from the catalogue. The message names the input and the place. */
export class AshlarError extends Error {
  readonly code: ErrorCode;
  readonly data: ErrorData;
  readonly hint: string;

  constructor(code: ErrorCode, message: string, options: ErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'AshlarError';
    this.code = code;
    this.data = options.data ?? {};
    this.hint = options.hint ?? catalogue[code].hint;
  }

  get entry(): CatalogueEntry {
    return catalogue[this.code];
  }
}

/** Gives `error` as it is when it carries a code, else wraps it as `internal` with its message kept. */
export function toAshlarError(error: unknown): AshlarError {
  if (error instanceof AshlarError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new AshlarError('internal', message, { cause: error });
}

/** The `code` of a Node system error (`ENOSPC`, `ENOENT`, ...), or undefined. */
export function systemErrorCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}
