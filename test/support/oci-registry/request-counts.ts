import type { FaultName } from './fault.ts';
import type { Place, RequestKind } from './route.ts';

export interface OciRegistryCounts {
  /** By method and kind: `GET blob`, `HEAD manifest`, `GET token`, ... */
  readonly requests: Readonly<Partial<Record<string, number>>>;
  /** By method and decoded path, without query: `GET /v2/library/app/manifests/latest`; at the CDN `GET /blobs/...`. */
  readonly paths: Readonly<Partial<Record<string, number>>>;
  /** By method, kind and status of the answer as it was meant to be sent: `GET blob 206`. */
  readonly statuses: Readonly<Partial<Record<string, number>>>;
  readonly totalRequests: number;
  readonly tokensIssued: number;
  /** Of bodies, as written to sockets, of all addresses. */
  readonly bodyBytes: number;
  readonly connections: { readonly open: number; readonly mostOpen: number; readonly all: number };
  /** Faults that were acted out. */
  readonly faults: Readonly<Partial<Record<FaultName, number>>>;
  /** Values of Authorization, Proxy-Authorization and Cookie that came to each address. */
  readonly credentials: Readonly<Record<Place, readonly string[]>>;
}

export interface CountedRequest {
  readonly place: Place;
  readonly kind: RequestKind;
  readonly method: string;
  readonly path: string;
  readonly credentials: readonly (string | undefined)[];
}

export interface RequestCounter {
  /** Gives the number of this request for its method and path, from 1. */
  request(request: CountedRequest): number;
  answer(request: CountedRequest, status: number): void;
  body(bytes: number): void;
  fault(name: FaultName): void;
  opened(): void;
  closed(): void;
  counts(): OciRegistryCounts;
  /** Sets everything to 0 but for connections that are open. */
  reset(): void;
}

export function createRequestCounter(): RequestCounter {
  const requests = new Map<string, number>();
  const paths = new Map<string, number>();
  const statuses = new Map<string, number>();
  const faults = new Map<string, number>();
  const credentials = {
    registry: new Set<string>(),
    token: new Set<string>(),
    cdn: new Set<string>(),
  };
  let [bodyBytes, open, mostOpen, all] = [0, 0, 0, 0];
  return {
    request({ place, kind, method, path, credentials: shown }) {
      for (const value of shown) if (value !== undefined) credentials[place].add(value);
      countUp(requests, `${method} ${kind}`);
      return countUp(paths, `${method} ${path}`);
    },
    answer: ({ kind, method }, status) => void countUp(statuses, `${method} ${kind} ${status}`),
    body: (bytes) => void (bodyBytes += bytes),
    fault: (name) => void countUp(faults, name),
    opened() {
      open += 1;
      all += 1;
      mostOpen = Math.max(mostOpen, open);
    },
    closed: () => void (open -= 1),
    counts: () => ({
      requests: Object.fromEntries(requests),
      paths: Object.fromEntries(paths),
      statuses: Object.fromEntries(statuses),
      totalRequests: [...requests.values()].reduce((sum, count) => sum + count, 0),
      tokensIssued: statuses.get('GET token 200') ?? 0,
      bodyBytes,
      connections: { open, mostOpen, all },
      faults: Object.fromEntries(faults),
      credentials: {
        registry: [...credentials.registry],
        token: [...credentials.token],
        cdn: [...credentials.cdn],
      },
    }),
    reset() {
      for (const counts of [requests, paths, statuses, faults]) counts.clear();
      for (const shown of Object.values(credentials)) shown.clear();
      [bodyBytes, mostOpen, all] = [0, open, 0];
    },
  };
}

function countUp(counts: Map<string, number>, name: string): number {
  const count = (counts.get(name) ?? 0) + 1;
  counts.set(name, count);
  return count;
}
