import { plainLine, type StepName } from '../../../builder/index.ts';
import type { Terminal } from '../terminal.ts';

/** A line at the bottom of a terminal that shows the running step and its time, four times a second. */
export interface LiveLine {
  start(step: StepName, startMs: number): void;
  stop(): void;
  /** Takes the line away, so that something else can be written; `draw` brings it back. */
  clear(): void;
  draw(): void;
}

const redrawMs = 250;
const eraseLine = '\r\u001b[K';
const defaultColumns = 80;

export function createLiveLine({ stderr }: Terminal): LiveLine {
  let timer: NodeJS.Timeout | undefined;
  let text: (() => string) | undefined;
  const clear = (): void => {
    if (text !== undefined) stderr.write(eraseLine);
  };
  const draw = (): void => {
    // A line that reaches the last column wraps, and then only its second half could be erased.
    if (text !== undefined) stderr.write(text().slice(0, columnsOf(stderr) - 1));
  };
  return {
    start(step, startMs) {
      const title = `[${step.number}/${step.total}] ${plainLine(step.text)}`;
      text = () => `=> ${((performance.now() - startMs) / 1000).toFixed(1)}s ${title}`;
      draw();
      timer = setInterval(() => {
        clear();
        draw();
      }, redrawMs);
      timer.unref();
    },
    stop() {
      clearInterval(timer);
      clear();
      text = undefined;
    },
    clear,
    draw,
  };
}

function columnsOf(stream: Terminal['stderr']): number {
  return 'columns' in stream && typeof stream.columns === 'number' && stream.columns > 1
    ? stream.columns
    : defaultColumns;
}
