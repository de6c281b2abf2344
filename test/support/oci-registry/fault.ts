import { drawLot } from '../recorded-upstream/draw-lot.ts';
import type { RequestKind } from './route.ts';

/** What goes wrong with an answer. Everything here is JSON, so that it reaches a registry in another process. */
export type Fault =
  /** Another status with the specification's error: 404, 429, 502, 503, ... */
  | { readonly name: 'status'; readonly status: number; readonly retryAfterSec?: number }
  /** The connection is reset before anything is said. */
  | { readonly name: 'reset' }
  /** Nothing is ever said, until the client leaves. */
  | { readonly name: 'stall' }
  /** A part of the body, by default half, then the connection is reset. */
  | { readonly name: 'reset-in-body'; readonly afterBytes?: number }
  /** A part of the body, by default half, then nothing, until the client leaves. */
  | { readonly name: 'stall-in-body'; readonly afterBytes?: number }
  /** A part of the body, by default half, then the connection is closed in good order; Content-Length announced all of it. */
  | { readonly name: 'truncated'; readonly afterBytes?: number }
  /** A part of the body, by default half, without Content-Length and with a proper end of the chunked encoding. */
  | { readonly name: 'short'; readonly afterBytes?: number }
  /** One bit in the middle is another. */
  | { readonly name: 'corrupt' }
  /** Other bytes, as many. */
  | { readonly name: 'wrong-body' }
  /** 200 and a page for a person, as captive portals and gateways send. */
  | { readonly name: 'html' }
  /** A body that is so much longer, or shorter, with the Content-Length that it has. */
  | { readonly name: 'wrong-length'; readonly byBytes: number }
  /** Docker-Content-Digest names other content. */
  | { readonly name: 'wrong-digest-header' }
  | { readonly name: 'redirect'; readonly location: string; readonly status?: number }
  /** A redirect into a circle of redirects. */
  | { readonly name: 'redirect-loop' }
  /** Headers come after `delayMs` more. */
  | { readonly name: 'slow-headers'; readonly delayMs: number }
  /** The body comes at this pace. */
  | { readonly name: 'drip'; readonly bytesPerSec: number };

export type FaultName = Fault['name'];

/** When a fault happens. All conditions that are given have to hold; without those that count, it happens each time. */
export interface FaultRule {
  readonly fault: Fault;
  /** Default: manifest and blob. */
  readonly kinds?: readonly RequestKind[];
  /** Default: GET and HEAD, but for faults of bodies, which spare HEAD always. */
  readonly method?: 'GET' | 'HEAD';
  /** Source of a regular expression that the path matches. */
  readonly path?: string;
  /** Bodies of the right answer that are smaller are spared. */
  readonly minBytes?: number;
  /** Which requests of this method for this path, from 1. */
  readonly attempts?: readonly number[];
  /** Which of the requests that this rule concerns, from 1, in the order in which they came. */
  readonly nth?: readonly number[];
  /** Each such request whose number divides by this. */
  readonly every?: number;
  /** The part of requests that is hit, by lot: 0.05. Rules with a share exclude one another, so shares add up. */
  readonly share?: number;
}

export interface FaultedRequest {
  readonly kind: RequestKind;
  readonly method: string;
  readonly path: string;
  /** The number of this request for method and path, from 1. */
  readonly attempt: number;
  readonly sizeBytes: number;
}

/**
 * Gives the fault of a request, by the first rule that holds. The lot of a share depends on seed, method, path and
 * attempt alone, so that two runs with one seed agree, whatever the order of their requests.
 */
export function createFaultChooser(
  rules: readonly FaultRule[],
  seed: number,
): (request: FaultedRequest) => Fault | null {
  const counts = rules.map(() => 0);
  return (request) => {
    const lot = drawLot(`${seed} ${request.attempt} ${request.method} ${request.path}`);
    let sharesBefore = 0;
    let chosen: Fault | null = null;
    for (const [index, rule] of rules.entries()) {
      if (!concerns(rule, request)) continue;
      const number = (counts[index] ?? 0) + 1;
      counts[index] = number;
      if (chosen !== null || !isTurn(rule, number)) continue;
      const { share } = rule;
      if (share === undefined || (lot >= sharesBefore && lot < sharesBefore + share)) {
        chosen = rule.fault;
      }
      sharesBefore += share ?? 0;
    }
    return chosen;
  };
}

const bodyFaults: ReadonlySet<FaultName> = new Set<FaultName>([
  'reset-in-body',
  'stall-in-body',
  'truncated',
  'short',
  'corrupt',
  'wrong-body',
  'drip',
]);

function concerns(rule: FaultRule, request: FaultedRequest): boolean {
  const { kinds = ['manifest', 'blob'], method, path, minBytes = 0, attempts } = rule;
  if (!kinds.includes(request.kind)) return false;
  if (request.method === 'HEAD' && bodyFaults.has(rule.fault.name)) return false;
  if (method !== undefined && method !== request.method) return false;
  if (path !== undefined && !new RegExp(path).test(request.path)) return false;
  if (attempts !== undefined && !attempts.includes(request.attempt)) return false;
  return request.sizeBytes >= minBytes;
}

function isTurn({ nth, every }: FaultRule, number: number): boolean {
  if (nth !== undefined && !nth.includes(number)) return false;
  return every === undefined || number % every === 0;
}

/** The faults that the registry cache is measured with, each in `share` of blobs and manifests. */
export function mixedFaults(share: number): readonly FaultRule[] {
  const faults: readonly Fault[] = [
    { name: 'status', status: 429, retryAfterSec: 1 },
    { name: 'status', status: 502 },
    { name: 'reset' },
    { name: 'reset-in-body' },
    { name: 'stall-in-body' },
    { name: 'truncated' },
    { name: 'corrupt' },
  ];
  return faults.map((fault) => ({ fault, share }));
}
