import type { FaultRule } from './recorded-upstream.ts';

/** What goes wrong upstream, and when: the same for each server. */
export interface FaultSchedule {
  readonly name: string;
  readonly rules: readonly FaultRule[];
}

type Fault = FaultRule['fault'];

/** Of blobs above this size. */
const large = { kinds: ['blob'], method: 'GET', minBytes: 500_000 } as const;

const faults: readonly (readonly [string, Fault])[] = [
  ['429', { name: 'status', status: 429, retryAfterSec: 1 }],
  ['502', { name: 'status', status: 502 }],
  ['reset', { name: 'reset-in-body' }],
  ['stall', { name: 'stall-in-body' }],
  ['truncation', { name: 'truncated' }],
  ['corruption', { name: 'corrupt' }],
  ['slow drip', { name: 'drip', bytesPerSec: 500_000 }],
];

/** Every third request for a large blob gets the fault. */
export const eachAlone: readonly FaultSchedule[] = faults.map(([name, fault]) => ({
  name,
  rules: [{ fault, ...large, every: 3 }],
}));

/** More than any server makes. */
const mostRequests = 20_000;

/** Every second request for a large blob gets a fault, each kind in turn. */
export const mixed: FaultSchedule = {
  name: 'mixed',
  rules: faults.map(([, fault], index) => ({ fault, ...large, nth: everySecond(index) })),
};

function everySecond(index: number): readonly number[] {
  const turns = Math.floor(mostRequests / (2 * faults.length));
  return Array.from({ length: turns }, (_, turn) => 2 * (turn * faults.length + index + 1));
}
