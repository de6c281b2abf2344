import { Writable } from 'node:stream';
import { expect, it } from 'vitest';
import { createServingLog } from '../../../src/cli/serving-log.ts';
import type { ErrorClass } from '../../../src/errors/catalogue.ts';
import type { ServedRequest } from '../../../src/serving/observe/served-request.ts';
import { type StatusFacts, statusReport } from '../../../mirror/observe/status-report.ts';
import { createTotals } from '../../../src/serving/observe/totals.ts';
import type { OriginState } from '../../../src/upstream/upstream.ts';

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

const quiet = {
  startedAtMs: 0,
  connections: 0,
  cache: { bytes: 0, evicted: { bytes: 0, objects: 0, spared: 0 } },
  registries: [],
  authority: null,
};

it('an upstream whose last requests failed is told of before it rests, and no longer when nobody asks it', () => {
  const origin: OriginState = {
    origin: 'https://registry.npm.test',
    isResting: false,
    failuresInRow: 2,
    limitsInRow: 0,
    lastFailure: 'registry.npm.test answered 503',
    lastFailureAtMs: 9 * minuteMs,
    troubledSinceMs: 8 * minuteMs,
  };
  const messages = (state: OriginState, nowMs: number): string[] => {
    const facts = { ...quiet, nowMs, totals: createTotals(() => nowMs), origins: [state] };
    return statusReport(facts).findings.map(({ fault, message }) => `${fault}: ${message}`);
  };
  const told =
    'upstream: https://registry.npm.test fails for 120 s: registry.npm.test answered 503';
  expect(messages(origin, 10 * minuteMs)).toEqual([told]);
  const well = { ...origin, failuresInRow: 0, troubledSinceMs: null };
  expect(messages(well, 10 * minuteMs)).toEqual([]);
  expect(messages(origin, 15 * minuteMs)).toEqual([]);
});

it('failed requests are told of, with the last one’s words, unless they are for clients to mend', () => {
  const nowMs = 1_000 * minuteMs;
  const failed = (who: ErrorClass, message: string): ServedRequest['outcome'] => ({
    kind: 'failed',
    code: who === 'caller' ? 'package_not_found' : 'registry_unavailable',
    class: who,
    message,
    hint: 'Mend it.',
  });
  const findingsAfter = (...outcomes: ServedRequest['outcome'][]): string[] => {
    const totals = createTotals(() => nowMs);
    for (let turn = 0; turn < 20; turn += 1) totals.add(record(1, { kind: 'answered' }));
    for (const outcome of outcomes) totals.add(record(1, outcome));
    const { findings } = statusReport({ ...quiet, nowMs, totals, origins: [] });
    return findings.map(({ fault, message }) => `${fault}: ${message}`);
  };
  const calls = Array.from({ length: 30 }, () => failed('caller', 'no such package'));
  expect(findingsAfter(...calls)).toEqual([]);
  expect(findingsAfter(failed('upstream', 'one'))).toEqual([]);
  expect(findingsAfter(failed('upstream', 'one'), failed('upstream', 'two'))).toEqual([
    'upstream: 2 of 22 requests failed lately, the last with: two',
  ]);
  expect(findingsAfter(failed('upstream', 'one'), failed('operator', 'two'))).toEqual([
    'mirror: 2 of 22 requests failed lately, the last with: two. Mend it.',
  ]);
});

it('the log has the mend of what is the operator’s', () => {
  const lines: string[] = [];
  const stderr = new Writable({
    write(chunk: Buffer, _encoding, done) {
      lines.push(chunk.toString());
      done();
    },
  });
  const outcome = {
    kind: 'failed',
    code: 'registry_untrusted',
    class: 'operator',
    message: 'registry.npm.test has a certificate of an unknown authority',
    hint: 'Name it.',
  } as const;
  createServingLog('mirror', 'text', stderr).request(record(10, outcome));
  createServingLog('mirror', 'json', stderr).request(record(10, outcome));
  expect(lines[0]).toMatch(/of an unknown authority \(operator\)\. Name it\.\n$/);
  expect(lines[1]).toContain('"hint":"Name it."');
});
