import { randomBytes } from 'node:crypto';
import { type Answer, redirect } from './answer.ts';
import { bytesOf } from './bytes.ts';
import type { CdnOptions } from './registry-options.ts';

export interface CdnBlob {
  readonly repository: string;
  readonly digest: string;
}

/** Signed URLs to blobs, as registries that keep blobs in object stores give them. */
export interface Cdn {
  redirectTo(origin: string, blob: CdnBlob): Answer;
  /** The refusal, or null. */
  check(url: URL, blob: CdnBlob, authorization: string | undefined): Answer | null;
}

export function createCdn(options: CdnOptions, now: () => number = Date.now): Cdn {
  const { uses = Infinity, lifetimeSec = 300, status = 307 } = options;
  const signed = new Map<
    string,
    { left: number; readonly endsAtMs: number; readonly path: string }
  >();
  return {
    redirectTo(origin, blob) {
      const signature = randomBytes(12).toString('hex');
      const path = pathOf(blob);
      signed.set(signature, { left: uses, endsAtMs: now() + lifetimeSec * 1000, path });
      return redirect(status, `${origin}${path}?expires=${lifetimeSec}&signature=${signature}`);
    },
    check(url, blob, authorization) {
      // Object stores refuse a second proof beside the signature.
      if (authorization !== undefined) return refusal(400, 'InvalidArgument');
      const found = signed.get(url.searchParams.get('signature') ?? '');
      if (found === undefined || found.path !== pathOf(blob)) return refusal(403, 'AccessDenied');
      if (found.endsAtMs <= now() || found.left <= 0) return refusal(403, 'ExpiredToken');
      found.left -= 1;
      return null;
    },
  };
}

function pathOf({ repository, digest }: CdnBlob): string {
  return `/blobs/${repository}/${digest}`;
}

function refusal(status: number, code: string): Answer {
  const body = bytesOf(Buffer.from(`<?xml version="1.0"?>\n<Error><Code>${code}</Code></Error>\n`));
  return { status, headers: { 'content-type': 'application/xml' }, body };
}
