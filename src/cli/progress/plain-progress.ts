import { StringDecoder } from 'node:string_decoder';
import type { BuildEvent, StepEnd, StepName } from '../../../builder/index.ts';
import { formatSeconds } from '../format-ledger.ts';
import type { Terminal } from '../terminal.ts';
import type { BuildProgress } from './build-progress.ts';

/**
 * Lines as docker users know them: `#3 [build 2/5] RUN npm ci`, the output of the command behind `#3 1.234`, and `#3 DONE`
 * or `#3 CACHED`. `live` adds, on a terminal, a line that shows how long the step has been running.
 */
export function createPlainProgress(terminal: Terminal, style: 'log' | 'live'): BuildProgress {
  const { stderr } = terminal;
  const live = style === 'live' ? createLiveLine(terminal) : null;
  const lines = createLineSplitter();
  let startMs = 0;
  const print = (text: string): void => {
    live?.clear();
    stderr.write(`${text}\n`);
    live?.draw();
  };
  return {
    show(event) {
      if (event.kind === 'step-start') {
        startMs = performance.now();
        print(`#${event.step.number} ${titleOf(event.step)}`);
        live?.start(event.step, startMs);
      } else if (event.kind === 'step-output') {
        for (const line of lines.push(event.chunk))
          print(`#${event.step} ${elapsed(startMs)} ${line}`);
      } else if (event.kind === 'step-end') {
        for (const line of lines.end()) print(`#${event.step.number} ${elapsed(startMs)} ${line}`);
        live?.stop();
        print(`#${event.step.number} ${endOf(event.result)}`);
      } else print(noteOf(event));
    },
    end(summary) {
      live?.stop();
      print(summary);
    },
    [Symbol.dispose]() {
      live?.stop();
    },
  };
}

function titleOf({ stage, number, total, text }: StepName): string {
  const shown = text.length > 200 ? `${text.slice(0, 200)}...` : text;
  return `[${stage} ${number}/${total}] ${shown}`;
}

function endOf({ outcome, durationMs }: StepEnd): string {
  if (outcome === 'cached') return 'CACHED';
  return outcome === 'config' ? 'DONE (config)' : `DONE ${formatSeconds(durationMs)}`;
}

function noteOf(
  event: Exclude<BuildEvent, { kind: 'step-start' | 'step-output' | 'step-end' }>,
): string {
  if (event.kind === 'plan') {
    const stages = event.stages.length === 1 ? '' : ` of the stages ${event.stages.join(', ')}`;
    return `building ${event.steps} ${event.steps === 1 ? 'step' : 'steps'}${stages}`;
  }
  if (event.kind === 'warning')
    return `warning: line ${event.line}: ${event.message} (${event.rule})`;
  return `base ${event.reference} from the ${event.from}: ${event.digest}`;
}

function elapsed(startMs: number): string {
  return ((performance.now() - startMs) / 1000).toFixed(3);
}

/** Cuts output into lines; carriage returns begin a line anew, as on a terminal. */
function createLineSplitter(): { push(chunk: Buffer): string[]; end(): string[] } {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  const maxLine = 4096;
  return {
    push(chunk) {
      const parts = (rest + decoder.write(chunk)).split('\n');
      rest = parts.pop() ?? '';
      if (rest.length > maxLine) {
        parts.push(rest);
        rest = '';
      }
      return parts.map((part) => part.replace(/\r$/, '').split('\r').at(-1) ?? '');
    },
    end() {
      const last = rest + decoder.end();
      rest = '';
      return last === '' ? [] : [last];
    },
  };
}

/** A line at the bottom that shows the running step and its time, four times a second. */
function createLiveLine({ stderr }: Terminal): {
  start(step: StepName, startMs: number): void;
  stop(): void;
  clear(): void;
  draw(): void;
} {
  let timer: NodeJS.Timeout | undefined;
  let text: (() => string) | undefined;
  const clear = (): void => {
    if (text !== undefined) stderr.write('\r\u001b[K');
  };
  const draw = (): void => {
    if (text !== undefined) stderr.write(text());
  };
  return {
    start(step, startMs) {
      text = () =>
        `=> [${step.number}/${step.total}] ${step.text.slice(0, 60)} ${elapsed(startMs).slice(0, -2)}s`;
      draw();
      timer = setInterval(() => {
        clear();
        draw();
      }, 250);
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
