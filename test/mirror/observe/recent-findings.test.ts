import { expect, it } from 'vitest';
import type { ServedRequest } from '../../../src/serving/observe/served-request.ts';
import { type StatusFacts, statusReport } from '../../../mirror/observe/status-report.ts';
import { createTotals } from '../../../src/serving/observe/totals.ts';

const minuteMs = 60_000;

function record(upstreamMs: number, outcome: ServedRequest['outcome']): ServedRequest {
  const time = { wallMs: upstreamMs, byKind: { upstream: upstreamMs }, unexplainedMs: 0 };
  return {
    atMs: 0,
    method: 'GET',
    kind: 'packument',
    registry: 'npm',
    subject: 'one',
    way: 'conventional',
    status: 200,
    state: 'miss',
    sentBytes: 10,
    address: '192.0.2.1',
    buildId: null,
    time,
    outcome,
  };
}

it('an old outage is told no longer, and a new one is seen among millions of good requests', () => {
  let nowMs = 1_000 * minuteMs;
  const totals = createTotals(() => nowMs);
  const faults = (): string[] =>
    statusReport({ ...facts, nowMs, totals }).findings.map(({ fault }) => fault);
  const facts: Omit<StatusFacts, 'nowMs' | 'totals'> = {
    startedAtMs: 0,
    origins: [],
    connections: 0,
    cache: { bytes: 0, evicted: { bytes: 0, objects: 0, spared: 0 } },
    registries: [],
    authority: null,
  };
  const answered = { kind: 'answered' } as const;
  for (let turn = 0; turn < 10; turn += 1) {
    totals.add(record(20_000, { kind: 'client_gone' }));
  }
  expect(faults()).toEqual(['upstream', 'client']);
  nowMs += 4 * minuteMs;
  expect(faults()).toEqual(['upstream', 'client']);
  nowMs += minuteMs;
  expect(faults()).toEqual([]);
  for (let turn = 0; turn < 10_000; turn += 1) totals.add(record(1, answered));
  nowMs += 5 * minuteMs;
  for (let turn = 0; turn < 3; turn += 1) totals.add(record(5_000, answered));
  expect(faults()).toEqual(['upstream']);
  expect(totals.all()).toMatchObject({ requests: 10_013, clientsGone: 10, slowestMs: 20_000 });
  expect(totals.recent()).toMatchObject({ requests: 3, byKind: { upstream: 15_000 } });
});
