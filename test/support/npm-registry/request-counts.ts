import type { FaultName } from './fault.ts';

export interface RegistryCounts {
  /**
   * By resource: method and decoded path, as in `GET /@scope/name`; a packument in its abbreviated form is another
   * resource, `GET /@scope/name (abbreviated)`.
   */
  readonly requests: Readonly<Record<string, number>>;
  readonly totalRequests: number;
  /** Of bodies, as written to sockets. */
  readonly bodyBytes: number;
  readonly connections: { readonly open: number; readonly mostOpen: number; readonly all: number };
  /** Faults that were acted out. */
  readonly faults: Readonly<Partial<Record<FaultName, number>>>;
  /** Values of headers that prove who asks, as they came: Authorization, Proxy-Authorization, Cookie. */
  readonly credentials: readonly string[];
}

export interface RequestCounter {
  /** Gives the number of this request for its resource, from 1. */
  request(resource: string): number;
  body(bytes: number): void;
  fault(name: FaultName): void;
  credential(value: string): void;
  opened(): void;
  closed(): void;
  counts(): RegistryCounts;
  /** Sets everything to 0 but for connections that are open. */
  reset(): void;
}

export function createRequestCounter(): RequestCounter {
  const requests = new Map<string, number>();
  const faults = new Map<FaultName, number>();
  const credentials = new Set<string>();
  let [bodyBytes, open, mostOpen, all] = [0, 0, 0, 0];
  return {
    request(resource) {
      const attempt = (requests.get(resource) ?? 0) + 1;
      requests.set(resource, attempt);
      return attempt;
    },
    body: (bytes) => void (bodyBytes += bytes),
    fault: (name) => void faults.set(name, (faults.get(name) ?? 0) + 1),
    credential: (value) => void credentials.add(value),
    opened() {
      open += 1;
      all += 1;
      mostOpen = Math.max(mostOpen, open);
    },
    closed: () => void (open -= 1),
    counts: () => ({
      requests: Object.fromEntries(requests),
      totalRequests: [...requests.values()].reduce((sum, count) => sum + count, 0),
      bodyBytes,
      connections: { open, mostOpen, all },
      faults: Object.fromEntries(faults),
      credentials: [...credentials],
    }),
    reset() {
      requests.clear();
      faults.clear();
      credentials.clear();
      [bodyBytes, mostOpen, all] = [0, open, 0];
    },
  };
}
