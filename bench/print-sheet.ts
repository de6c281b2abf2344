import { judge, type Quantity, type Row, type Sheet, type Target } from './sheet.ts';
import { formatValue, type Unit } from './units.ts';

const heading = ['benchmark', 'what', 'target', 'Ashlar', 'beside it', 'ratio', 'verdict'];

/** The sheet as a table for people, with its notes and with what is missing. */
export function formatSheet(sheet: Sheet): string {
  const table = [heading, ...sheet.rows.map(cellsOf)];
  const widths = heading.map((_, column) =>
    Math.max(...table.map((row) => (row[column] ?? '').length)),
  );
  const lines = table.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  lines.splice(1, 0, widths.map((width) => '-'.repeat(width)).join('  '));
  if (sheet.notes.length > 0) lines.push('', ...sheet.notes.map((note) => `* ${note}`));
  for (const { bench, what, reason } of sheet.lacks) {
    lines.push('', `NOT MEASURED: ${bench}: ${what}: ${shortened(reason)}`);
  }
  return lines.join('\n');
}

/** The sheet for programs: bytes, milliseconds, and shares and ratios as plain numbers. */
export function sheetDocument(sheet: Sheet): object {
  return {
    rows: sheet.rows.map((row) => {
      const { met, text } = judge(row);
      return { ...row, met, verdict: text };
    }),
    notes: sheet.notes,
    notMeasured: sheet.lacks,
  };
}

/** On one line: what failed, and its last words. */
function shortened(reason: string): string {
  const line = reason.replaceAll(/\s+/g, ' ');
  return line.length <= 900 ? line : `${line.slice(0, 250)} ... ${line.slice(-600)}`;
}

function cellsOf(row: Row): string[] {
  const { bench, what, target, measured, peer, ratio } = row;
  return [
    bench,
    what,
    target === null ? '' : formatTarget(target, measured.unit),
    formatQuantity(measured),
    peer === null ? '' : `${formatQuantity(peer)} ${peer.name}`,
    ratio === null ? '' : ratio.toFixed(ratio < 10 ? 2 : 1),
    judge(row).text,
  ];
}

function formatTarget({ bound, limit, of }: Target, unit: Unit): string {
  return of === 'ratio' ? `${bound} ${limit} times` : `${bound} ${formatValue(limit, unit)}`;
}

function formatQuantity({ value, unit, min, max }: Quantity): string {
  const median = formatValue(value, unit);
  if (min === undefined || max === undefined) return median;
  return `${median} [${formatValue(min, unit)}, ${formatValue(max, unit)}]`;
}
