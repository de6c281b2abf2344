import { describe, expect, it } from 'vitest';
import { junitReport } from '../../matrix-tests/report/junit.ts';
import { runCommand } from '../../src/process/run-command.ts';
import {
  failedFinding,
  madeCell,
  madeFinding,
  madeReport,
  madeRow,
  missingRow,
  nasty,
} from './support/made-report.ts';

const hasXmllint = (await runCommand('sh', ['-c', 'command -v xmllint'])).exitCode === 0;
const hasPython = (await runCommand('sh', ['-c', 'command -v python3'])).exitCode === 0;

const rows = [
  madeRow({
    outcome: 'problems',
    problems: [nasty],
    title: nasty,
    cells: [
      madeCell({ verdict: 'failed', after: failedFinding }),
      madeCell({
        check: 'known-one',
        verdict: 'known',
        because: 'the file is its author’s',
        after: failedFinding,
      }),
      madeCell({ check: 'unproven-one', verdict: 'unproven' }),
      madeCell({
        check: 'other',
        verdict: 'not-applicable',
        after: madeFinding({ status: 'not-applicable', reason: 'it concerns images with sudo' }),
      }),
      madeCell({
        check: 'late',
        verdict: 'not-run',
        after: madeFinding({ status: 'not-run', reason: 'no KVM' }),
      }),
      madeCell({ check: 'mended-one', verdict: 'mended', before: failedFinding }),
    ],
  }),
  missingRow,
];

describe('the JUnit report', () => {
  const xml = junitReport(madeReport(rows));

  it('counts failures and what was skipped, never what was not run as passed', () => {
    expect(xml).toContain(
      '<testsuites name="ashlar matrix" tests="11" failures="3" errors="0" skipped="5"',
    );
    expect(xml).toContain(
      '<testsuite name="ubuntu-18.04-pulled" tests="2" failures="0" errors="0" skipped="2"',
    );
    expect(xml).toMatch(
      /classname="ubuntu-18.04" name="known-one"[^>]*><skipped message="fails as expected/,
    );
    expect(xml).toMatch(/name="late"[^>]*><skipped message="not run: no KVM"/);
    expect(xml).toMatch(/name="mended-one"[^>]*\/>/);
  });

  it('names what is wrong, where, and the mend', () => {
    expect(xml).toMatch(
      /name="sudoers-parses"[^>]*><failure message="\/etc\/sudoers:31: a syntax error"/,
    );
    expect(xml).toContain('mend: Remove line 31.');
    expect(xml).toContain('code: base_sudoers_broken (author)');
  });

  it('escapes what images wrote', () => {
    expect(xml).not.toContain('<script>');
    expect(xml).toContain(
      '&lt;script&gt;alert(1)&lt;/script&gt; &amp; &quot;quoted&quot; &#39;so&#39; ]]&gt;',
    );
    // What XML 1.0 does not allow, in whatever form.
    // oxlint-disable-next-line no-control-regex
    expect(xml).not.toMatch(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\uFFFE\uFFFF]/);
    expect(Buffer.from(xml, 'utf8').toString('utf8')).toBe(xml);
  });

  it.skipIf(!hasXmllint && !hasPython)(
    'is XML to a parser of others (needs xmllint or python3)',
    async () => {
      const parser = hasXmllint
        ? (['xmllint', ['--noout', '-']] as const)
        : ([
            'python3',
            ['-c', 'import sys, xml.dom.minidom as m; m.parse(sys.stdin.buffer)'],
          ] as const);
      const { exitCode, stderr } = await runCommand(parser[0], parser[1], { input: xml });
      expect([exitCode, stderr.toString('utf8')]).toEqual([0, '']);
    },
  );
});
