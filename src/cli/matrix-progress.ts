import type { MatrixProgress } from '../../matrix-tests/index.ts';
import { rowWords } from '../../matrix-tests/index.ts';
import type { Terminal } from './terminal.ts';

const eraseLine = '\r\u001b[K';
const usualColumns = 80;

/** Rows that have ended are lines on stderr; on a terminal, those that run are shown below them. */
export function matrixProgress({
  stderr,
  isInteractive,
}: Terminal): (event: MatrixProgress) => void {
  const running = new Map<string, string>();
  let total = 0;
  let ended = 0;
  const say = (line: string): void => {
    stderr.write(`${isInteractive ? eraseLine : ''}${line}\n`);
  };
  const draw = (): void => {
    if (!isInteractive) return;
    const rows = [...running].map(([row, step]) => `${row} (${step})`).join(', ');
    const columns =
      'columns' in stderr && typeof stderr.columns === 'number' ? stderr.columns : usualColumns;
    const line = rows === '' ? '' : `${ended}/${total} ${rows}`;
    stderr.write(`${eraseLine}${line.slice(0, columns - 1)}`);
  };
  return (event) => {
    switch (event.kind) {
      case 'started':
        total = event.rows;
        say(`${event.rows} rows, ${event.jobs} at a time`);
        break;
      case 'step':
        running.set(event.row, event.step);
        break;
      case 'said':
        say(`${event.row} ${event.words}`);
        break;
      case 'finished': {
        const { id, outcome } = event.row;
        running.delete(id);
        ended += 1;
        const number = String(ended).padStart(String(total).length);
        say(`[${number}/${total}] ${outcome}: ${id}, ${rowWords(event.row)}`);
        for (const problem of event.row.problems) say(`  ${problem}`);
        break;
      }
    }
    draw();
  };
}
