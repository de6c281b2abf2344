import { describe, expect, it } from 'vitest';
import { htmlReport } from '../../matrix-tests/report/html/html-report.ts';
import { failedFinding, madeCell, madeReport, madeRow, missingRow } from './support/made-report.ts';

const html = htmlReport(
  madeReport([
    madeRow({ cells: [madeCell({ verdict: 'mended', before: failedFinding })] }),
    madeRow({
      id: 'sudoers-second-include',
      kind: 'awkward',
      outcome: 'problems',
      problems: ['<b>not</b> as expected'],
      cells: [madeCell({ verdict: 'failed', after: failedFinding })],
    }),
    missingRow,
  ]),
);

describe('the HTML report', () => {
  it('is one file without scripts and without anything from elsewhere', () => {
    expect(html).not.toMatch(/<script|<link|<img|@import|url\(/i);
    expect(html).not.toMatch(/(?:href|src)=/);
  });

  it('has a letter and a colour for each cell, with its evidence behind it', () => {
    expect(html).toMatch(/<td class="v-mended first"><details[^>]*><summary[^>]*>M<\/summary>/);
    expect(html).toMatch(/<td class="v-failed first"><details[^>]*><summary[^>]*>F<\/summary>/);
    expect(html).toContain('In the base as it is: failed');
    expect(html).toContain('<p><b>at</b> /etc/sudoers:31</p>');
    expect(html).toContain('Remove line 31.');
  });

  it('says of a row that was not run why, and shows no cell of it as passed', () => {
    const row =
      /<tr><th class="row" scope="row">(?:(?!<\/tr>)[\s\S])*ubuntu-18\.04-pulled[\s\S]*?<\/tr>/.exec(
        html,
      )?.[0];
    expect(row).toContain('not run: registry-1.docker.io has no address &lt;no&gt;');
    expect(row).not.toContain('v-passed');
  });

  it('shows as not run what a row did not look at', () => {
    expect(html).toMatch(
      /<td class="v-not-run first">(?:(?!<\/td>).)*<code>sudo-works<\/code>(?:(?!<\/td>).)*cannot be run/,
    );
  });

  it('has kind and source in the header of each row', () => {
    expect(html).toMatch(
      /<span class="kind">awkward<\/span> reconstruction from recorded facts<\/span><span class="line"><code>sudoers-second-include<\/code>/,
    );
  });

  it('escapes what images wrote', () => {
    expect(html).toContain('&lt;script&gt;alert(1)');
    expect(html).toContain('&lt;b&gt;not&lt;/b&gt; as expected');
    expect(html).not.toContain('\u0000');
  });
});
