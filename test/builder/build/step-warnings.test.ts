import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BuildEvent } from '../../../builder/index.ts';
import { warnOfStep } from '../../../builder/build/step-warnings.ts';
import { type BuildBench, createBuildBench, whyNoSteps } from './fixture.ts';

let bench: BuildBench;

beforeAll(async () => {
  if (whyNoSteps === '') bench = await createBuildBench();
});
afterAll(async () => {
  await bench?.[Symbol.asyncDispose]();
});

describe('what is odd about a step', () => {
  it('is a limit that the machine does not hold, which is said once a build', () => {
    const events: BuildEvent[] = [];
    const session = {
      emit: (event: BuildEvent) => events.push(event),
      toldLimits: new Set<string>(),
    };
    warnOfStep(session, 2, { unenforcedLimits: [], notices: [] });
    expect(events).toEqual([]);
    warnOfStep(session, 3, { unenforcedLimits: ['memory'], notices: [] });
    warnOfStep(session, 4, { unenforcedLimits: ['memory', 'pids'], notices: [] });
    expect(events).toEqual([
      expect.objectContaining({ kind: 'warning', rule: 'LimitNotEnforced', line: 3 }),
      expect.objectContaining({ kind: 'warning', rule: 'LimitNotEnforced', line: 4 }),
    ]);
    expect(events.map((event) => ('message' in event ? event.message : ''))).toEqual([
      expect.stringContaining('steps run without a memory limit'),
      expect.stringContaining('steps run without a pids limit'),
    ]);
  });

  it.skipIf(whyNoSteps !== '')(
    `is an image that has no place for the files of the step ${whyNoSteps}`,
    async () => {
      const dockerfile =
        'FROM scratch\nCOPY --from=base:test /bin /bin\nCOPY a /etc\nRUN cat /etc\n';
      const built = await bench.build(dockerfile, { context: { a: 'a file' } });
      expect(built.output).toBe('a file');
      const warnings = built.events.filter(({ kind }) => kind === 'warning');
      expect(warnings).toHaveLength(3);
      expect(warnings[0]).toEqual({
        kind: 'warning',
        rule: 'StepNotice',
        message: expect.stringContaining('is not provided') as string,
        line: 4,
      });
    },
  );
});
