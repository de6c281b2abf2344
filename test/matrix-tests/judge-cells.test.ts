import { describe, expect, it } from 'vitest';
import { judgeCells } from '../../matrix-tests/judge-cells.ts';
import type { Finding } from '../../matrix-tests/processes/answers.ts';
import type { RowExpectations } from '../../matrix-tests/row/row.ts';

type Status = Finding['status'];

function finding(status: Status, at?: string): Finding {
  const [path = null, line] = at?.split(':') ?? [];
  return {
    check: 'sudoers-parses',
    title: 'no line locks everybody out',
    on: 'tree',
    status,
    evidence: [`it is ${status}`],
    reason: null,
    failure:
      status === 'failed'
        ? {
            code: 'base_sudoers_broken',
            class: 'author',
            why: 'why',
            mend: 'mend',
            place: path === null ? null : { path, line: line === undefined ? null : Number(line) },
          }
        : null,
  };
}

const expected = { check: 'sudoers-parses', at: '/etc/sudoers:31', because: 'it is theirs' };
const none: RowExpectations = { before: [], after: [], holds: [] };

function judge(before: Finding | null, after: Finding | null, expects: RowExpectations = none) {
  const { cells, problems } = judgeCells(
    { before: before === null ? null : [before], after: after === null ? null : [after] },
    expects,
    () => true,
  );
  return { verdict: cells[0]?.verdict, problems };
}

describe('a check of a row', () => {
  it.for<[Status, Status, string]>([
    ['passed', 'passed', 'passed'],
    ['failed', 'passed', 'mended'],
    ['not-applicable', 'passed', 'passed'],
    ['passed', 'not-applicable', 'not-applicable'],
    ['failed', 'not-run', 'not-run'],
  ])('that is %s before and %s after the setup is %s', ([before, after, verdict]) => {
    expect(judge(finding(before), finding(after))).toEqual({ verdict, problems: [] });
  });

  it('that fails after the setup is a problem, with what was seen', () => {
    expect(judge(finding('passed'), finding('failed', '/etc/sudoers:31'))).toEqual({
      verdict: 'failed',
      problems: ['sudoers-parses fails: it is failed'],
    });
  });

  it.for(['/etc/sudoers:31', '/etc/sudoers'])('that is known to fail at %s is none', (at) => {
    const failed = finding('failed', '/etc/sudoers:31');
    expect(judge(failed, failed, { before: [], after: [{ ...expected, at }], holds: [] })).toEqual({
      verdict: 'known',
      problems: [],
    });
  });

  it('that is known to fail, and names another place, is a problem', () => {
    const failed = finding('failed', '/etc/sudoers:310');
    expect(judge(null, failed, { before: [], after: [expected], holds: [] }).verdict).toBe(
      'failed',
    );
  });

  it.for<Status>(['passed', 'not-run', 'not-applicable'])(
    'that is known to fail and is %s proves nothing, which is a problem',
    (status) => {
      expect(judge(null, finding(status), { before: [], after: [expected], holds: [] })).toEqual({
        verdict: 'unproven',
        problems: [`sudoers-parses should fail after the setup, and is ${status}`],
      });
    },
  );

  it('that must fail in the base as it is, and name the place, is a problem where it does not', () => {
    const expects = { before: [expected], after: [], holds: [] };
    const passed = finding('passed');
    expect(judge(finding('failed', '/etc/sudoers:31'), passed, expects).problems).toEqual([]);
    expect(judge(finding('failed', '/etc/sudoers:30'), passed, expects).problems).toEqual([
      'sudoers-parses should fail in the base as it is and name /etc/sudoers:31; it names /etc/sudoers:30',
    ]);
    expect(judge(passed, passed, expects).problems).toEqual([
      'sudoers-parses should fail in the base as it is and name /etc/sudoers:31, and is passed',
    ]);
    const other = { ...passed, check: 'another' };
    expect(judge(other, other, expects).problems).toEqual([
      'sudoers-parses should fail in the base as it is and name /etc/sudoers:31, and there is no such check',
    ]);
  });

  it('that must hold and does not apply is a problem; one that could not be looked at is none', () => {
    const expects = { before: [], after: [], holds: ['sudoers-parses'] };
    expect(judge(null, finding('passed'), expects).problems).toEqual([]);
    expect(judge(null, finding('not-run'), expects).problems).toEqual([]);
    expect(judge(null, finding('not-applicable'), expects).problems).toEqual([
      'sudoers-parses should hold after the setup, and is not applicable: ',
    ]);
  });

  it('of a base that was not set up is what it is before, and no problem of its own', () => {
    expect(judge(finding('failed'), null)).toEqual({ verdict: 'failed', problems: [] });
  });
});
