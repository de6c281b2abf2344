import { escapeMarkup as text } from '../escape.ts';
import { type CheckReport, type MatrixReport, type RowReport } from '../matrix-report.ts';
import { type CheckPlace, places } from '../../row/check-place.ts';
import { type RowKind, rowKinds } from '../../row/row.ts';
import { cellOf, shownSteps, stepCell, stepTitles, verdictWords } from './cells.ts';
import { style } from './style.ts';

/** One file without scripts and without network: releases against checks, and what was seen in each. */
export function htmlReport(report: MatrixReport): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Ashlar: release matrix</title>
<style>${style}</style>
</head>
<body>
<h1>Release matrix</h1>
<p class="soft">${text(headline(report))}</p>
${tiles(report)}
${problemList(report)}
${legend()}
<div class="grid">
<table>
${head(report)}
${rowKinds.map((kind) => part(report, kind)).join('')}
</table>
</div>
<p class="soft">Each cell shows what was seen: a word or two on hover, all of it on a click. A second click closes it.</p>
${checkList(report)}
</body>
</html>
`;
}

function headline({ version, startedAt, durationMs, machine, on }: MatrixReport): string {
  const when = startedAt.replace('T', ' ').replace(/\.\d+Z$/, ' UTC');
  return `Ashlar ${version} · ${when} · ${(durationMs / 1000).toFixed(1)} s · ${machine} · looked at: ${on.join(', ')}`;
}

function tiles({ rows, checks }: MatrixReport): string {
  const count = (outcome: RowReport['outcome']): number =>
    rows.filter((row) => row.outcome === outcome).length;
  const cells = rows.reduce((sum, row) => sum + row.cells.length, 0);
  const problems = count('problems');
  return `<ul class="tiles">${[
    tile(count('as-expected'), 'rows as expected'),
    tile(problems, 'rows with problems', problems > 0 ? ' class="bad"' : ''),
    tile(count('not-run'), 'rows not run'),
    tile(checks.length, 'checks'),
    tile(cells, 'cells'),
  ].join('')}</ul>`;
}

function tile(value: number, words: string, state = ''): string {
  return `<li${state}><b>${value}</b>${words}</li>`;
}

function problemList({ rows }: MatrixReport): string {
  const items = rows.flatMap(({ id, problems }) =>
    problems.map((words) => `<li><code>${text(id)}</code> ${text(words)}</li>`),
  );
  return items.length === 0 ? '' : `<h2>Problems</h2><ul class="problems">${items.join('')}</ul>`;
}

function legend(): string {
  const items = Object.entries(verdictWords).map(
    ([verdict, { letter, words }]) =>
      `<li><span class="key v-${verdict}">${letter}</span>${text(words)}</li>`,
  );
  return `<ul class="legend">${items.join('')}</ul>`;
}

const placeTitles: Readonly<Record<CheckPlace, string>> = {
  tree: 'in the files',
  container: 'in a container',
  boot: 'in a booted machine',
};

function head({ checks }: MatrixReport): string {
  const groups = places
    .map((place) => ({ place, count: checks.filter(({ on }) => on === place).length }))
    .filter(({ count }) => count > 0)
    .map(({ place, count }) => `<th colspan="${count}">${placeTitles[place]}</th>`);
  return `<thead>
<tr class="group"><th class="row"></th><th colspan="${shownSteps.length}">steps</th>${groups.join('')}</tr>
<tr><th class="row" scope="col">release or base</th>${[
    ...shownSteps.map((name) => column(stepTitles[name], stepTitles[name])),
    ...checks.map(({ id, title }) => column(id, title)),
  ].join('')}</tr>
</thead>
`;
}

const kindTitles: Readonly<Record<RowKind, readonly [string, string]>> = {
  reconstruction: [
    'Reconstructions',
    'trees made of what is recorded of a release; nothing in them can be run',
  ],
  real: ['Real images', "made of a distribution's own packages"],
  pulled: ['Published images', 'pulled from their registry'],
  awkward: ['Awkward bases', 'reconstructions with a fault that people’s images have'],
};

function part(report: MatrixReport, kind: RowKind): string {
  const rows = report.rows.filter((row) => row.kind === kind);
  if (rows.length === 0) return '';
  const width = shownSteps.length + report.checks.length;
  const [title, words] = kindTitles[kind];
  return `<tbody>
<tr class="part"><th colspan="${width + 1}" scope="rowgroup"><p><b>${title}</b> <span class="soft">${text(words)}</span></p></th></tr>
${rows.map((row) => rowOf(row, report.checks)).join('')}</tbody>
`;
}

function rowOf(row: RowReport, checks: readonly CheckReport[]): string {
  const header = `<th class="row" scope="row"><details><summary title="${text(row.source)}"><b>${text(row.title)}</b><span class="line"><span class="kind">${text(row.kind)}</span> ${text(row.source)}</span><span class="line"><code>${text(row.id)}</code></span></summary>${about(row)}</details></th>`;
  if (row.outcome === 'not-run') {
    const width = shownSteps.length + checks.length;
    return `<tr>${header}<td class="absent" colspan="${Math.max(1, width)}"><p><b>N</b> not run: ${text(row.reason ?? '')}</p></td></tr>\n`;
  }
  let place: CheckPlace | null = null;
  const cells = checks.map((check) => {
    const isFirst = check.on !== place;
    place = check.on;
    return cellOf(row, check, isFirst);
  });
  return `<tr>${header}${shownSteps.map((name) => stepCell(row, name)).join('')}${cells.join('')}</tr>\n`;
}

function about({ digest, problems, durationMs }: RowReport): string {
  return [
    `<span class="soft">${(durationMs / 1000).toFixed(1)} s${digest === null ? '' : `; set up: <code>${text(digest)}</code>`}</span>`,
    ...problems.map((words) => `<span>${text(words)}</span>`),
  ].join('');
}

function checkList({ checks }: MatrixReport): string {
  const items = checks.map(
    ({ id, title, on }) =>
      `<dt><code>${text(id)}</code> <span class="soft">${placeTitles[on]}</span></dt><dd>${text(title)}</dd>`,
  );
  return `<h2>Checks</h2><dl class="checks">${items.join('')}</dl>`;
}

function column(words: string, title: string): string {
  return `<th class="column" scope="col" title="${text(title)}"><span>${text(words)}</span></th>`;
}
