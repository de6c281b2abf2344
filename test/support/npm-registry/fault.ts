import { drawLot } from '../recorded-upstream/draw-lot.ts';
import type { RouteKind } from './route.ts';

/** What goes wrong with an answer. Everything here is JSON, so that it reaches a registry in another process. */
export type Fault =
  /** Another status with a short text: 404, 429, 503, ... */
  | { readonly name: 'status'; readonly status: number; readonly retryAfterSec?: number }
  /** The connection is reset before anything is said. */
  | { readonly name: 'reset' }
  /** Half of the body, then the connection is reset. */
  | { readonly name: 'reset-in-body' }
  /** Half of the body, then nothing, until the client leaves. */
  | { readonly name: 'stall-in-body' }
  /** Half of the body, then the connection is closed in good order; Content-Length announced all of it. */
  | { readonly name: 'truncated' }
  /** Half of the body, without Content-Length and with a proper end of the chunked encoding. */
  | { readonly name: 'short' }
  /** One bit in the middle is another. */
  | { readonly name: 'corrupt' }
  /** Other bytes, as many. */
  | { readonly name: 'wrong-body' }
  /** 200 and a page for a person, as captive portals and gateways send. */
  | { readonly name: 'html' }
  /** Headers come after `delayMs` more. */
  | { readonly name: 'slow-headers'; readonly delayMs: number }
  | { readonly name: 'redirect'; readonly location: string; readonly status?: number }
  /** Content-Encoding says gzip, and what comes breaks off in the middle of it. */
  | { readonly name: 'broken-gzip' }
  /** Both forms of a packument carry one ETag, and whatever a client has is said to be unchanged. */
  | { readonly name: 'lying-etag' }
  /** A packument of this size, well formed, generated while it is sent. */
  | { readonly name: 'huge'; readonly sizeBytes: number }
  /** A packument with arrays in arrays, this deep. */
  | { readonly name: 'nested'; readonly depth: number }
  /** The packument of a package of this name. */
  | { readonly name: 'wrong-name'; readonly packageName: string };

export type FaultName = Fault['name'];

/** When a fault happens. All conditions that are given have to hold. */
export interface FaultRule {
  readonly fault: Fault;
  /** Default: packuments and tarballs. */
  readonly kinds?: readonly RouteKind[];
  /** Source of a regular expression that the resource matches: `GET /ms (abbreviated)`. */
  readonly resource?: string;
  /** Which requests for the resource, from 1. */
  readonly attempts?: readonly number[];
  /** The part of requests that is hit, by lot: 0.05. Rules with a share exclude one another, so shares add up. */
  readonly share?: number;
}

export interface FaultedRequest {
  readonly kind: RouteKind;
  readonly resource: string;
  /** The number of this request for the resource, from 1. */
  readonly attempt: number;
}

/**
 * The fault of a request, by the first rule that holds. The lot depends on seed, resource and attempt alone, so that
 * two runs with one seed agree, whatever the order of their requests.
 */
export function chooseFault(
  rules: readonly FaultRule[],
  request: FaultedRequest,
  seed: number,
): Fault | null {
  const lot = drawLot(`${seed} ${request.attempt} ${request.resource}`);
  let sharesBefore = 0;
  for (const rule of rules) {
    if (!concerns(rule, request)) continue;
    if (rule.share === undefined) return rule.fault;
    const isHit = lot >= sharesBefore && lot < sharesBefore + rule.share;
    if (isHit) return rule.fault;
    sharesBefore += rule.share;
  }
  return null;
}

/** The faults that the mirror is measured with, each in `share` of all answers. */
export function mixedFaults(share: number): readonly FaultRule[] {
  const faults: readonly Fault[] = [
    { name: 'status', status: 429, retryAfterSec: 1 },
    { name: 'status', status: 503 },
    { name: 'reset' },
    { name: 'stall-in-body' },
    { name: 'truncated' },
    { name: 'corrupt' },
  ];
  return faults.map((fault) => ({ fault, share }));
}

function concerns(rule: FaultRule, { kind, resource, attempt }: FaultedRequest): boolean {
  const kinds = rule.kinds ?? ['packument', 'tarball'];
  if (!kinds.includes(kind)) return false;
  if (rule.attempts !== undefined && !rule.attempts.includes(attempt)) return false;
  return rule.resource === undefined || new RegExp(rule.resource).test(resource);
}
