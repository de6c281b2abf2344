import { systemErrorCode } from '../../../../src/errors/ashlar-error.ts';

/** What a pull came to. */
export interface PullResult {
  /** All of the image came, each body in the length and, where that is looked at, with the digest that it has to have. */
  readonly ok: boolean;
  readonly failures: readonly string[];
  /** Of the tag, or as asked for; null where that was not found out. */
  readonly digest: string | null;
  /** Of bodies of manifests and blobs, whether right or not. */
  readonly bytes: number;
  readonly ms: number;
  /** Until the head of the first answer. */
  readonly firstAnswerMs: number | null;
  /** By method, kind and status: `GET blob 206`, `HEAD manifest 200`, `GET token 200`; redirects as well. */
  readonly statuses: Readonly<Partial<Record<string, number>>>;
  /** Headers of interest of the last answer, by method and reference: `HEAD latest`, `GET sha256:...`. */
  readonly headers: Readonly<Partial<Record<string, Readonly<Partial<Record<string, string>>>>>>;
  /** Of bodies that ended in good order or had all their bytes, but were not what digest and size say. */
  readonly wrongBytes: number;
  /** Requests that were made anew after a cut or a status that may pass. */
  readonly retries: number;
}

/** A fault of the one who answers, in the terms of a pull. */
export class PullError extends Error {
  /** `cut`: the connection or the answer broke. `status`: another than is wanted. `wrong`: other bytes than are due. */
  readonly reason: 'cut' | 'status' | 'wrong';
  readonly status: number | null;

  constructor(reason: PullError['reason'], message: string, status: number | null = null) {
    super(message);
    this.reason = reason;
    this.status = status;
  }
}

export interface PullTally {
  readonly failures: string[];
  readonly statuses: Record<string, number>;
  readonly headers: Record<string, Record<string, string>>;
  bytes: number;
  wrongBytes: number;
  retries: number;
  firstAnswerMs: number | null;
}

/** The error in a pull's terms when the other side or the network broke off, or null. */
export function brokenOff(error: unknown): PullError | null {
  if (error instanceof PullError) return error;
  const code = systemErrorCode(error) ?? '';
  const isBreak = /^(?:ECONN.*|EPIPE|ETIMEDOUT|EADDRNOTAVAIL|ERR_STREAM_PREMATURE_CLOSE|HPE_.*)$/;
  return isBreak.test(code) ? new PullError('cut', code) : null;
}
