import { type BuildEvent, plainLine, type StepEnd, type StepName } from '../../../builder/index.ts';
import { formatSeconds } from '../format-ledger.ts';
import type { Terminal } from '../terminal.ts';
import type { BuildProgress } from './build-progress.ts';
import { createLineSplitter } from './line-splitter.ts';
import { createLiveLine } from './live-line.ts';

const shownTitle = 200;

/**
 * Lines as docker users know them: `#3 [build 2/5] RUN npm ci`, the output of the command behind `#3 1.234`, and `#3 DONE`,
 * `#3 CACHED` or `#3 ERROR`. `live` adds, on a terminal, a line that shows how long the step has been running.
 */
export function createPlainProgress(terminal: Terminal, style: 'log' | 'live'): BuildProgress {
  const { stderr } = terminal;
  const live = style === 'live' ? createLiveLine(terminal) : null;
  const lines = createLineSplitter();
  let startMs = 0;
  let dockerfile = '';
  const print = (text: string): void => {
    live?.clear();
    stderr.write(`${text}\n`);
    live?.draw();
  };
  // All that came at once in one write: a command may print millions of lines.
  const printOutput = (step: number, output: readonly string[]): void => {
    const prefix = `#${step} ${elapsed(startMs)} `;
    if (output.length > 0) print(output.map((line) => prefix + line).join('\n'));
  };
  const endStep = ({ number }: StepName, how: string): void => {
    printOutput(number, lines.end());
    live?.stop();
    print(`#${number} ${how}`);
  };
  return {
    show(event) {
      if (event.kind === 'step-start') {
        startMs = performance.now();
        print(`#${event.step.number} ${titleOf(event.step)}`);
        live?.start(event.step, startMs);
      } else if (event.kind === 'step-output') {
        printOutput(event.step, lines.push(event.stream, event.chunk));
      } else if (event.kind === 'step-end') endStep(event.step, endOf(event.result));
      else if (event.kind === 'step-failed') {
        endStep(event.step, `ERROR ${event.code} ${formatSeconds(event.durationMs)}`);
      } else {
        if (event.kind === 'plan') ({ dockerfile } = event);
        print(plainLine(noteOf(event, dockerfile)));
      }
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
  const shown = text.length > shownTitle ? `${text.slice(0, shownTitle)}...` : text;
  return plainLine(`[${stage} ${number}/${total}] ${shown}`);
}

function endOf({ outcome, durationMs }: StepEnd): string {
  if (outcome === 'cached') return 'CACHED';
  return outcome === 'config' ? 'DONE (config)' : `DONE ${formatSeconds(durationMs)}`;
}

function noteOf(
  event: Extract<BuildEvent, { kind: 'plan' | 'warning' | 'base' }>,
  dockerfile: string,
): string {
  if (event.kind === 'plan') {
    const stages = event.stages.length === 1 ? '' : ` of the stages ${event.stages.join(', ')}`;
    return `building ${event.steps} ${event.steps === 1 ? 'step' : 'steps'}${stages}`;
  }
  if (event.kind === 'warning') {
    const place = event.line === null ? '' : `${dockerfile}:${event.line}: `;
    return `warning: ${place}${event.message} (${event.rule})`;
  }
  const through =
    event.through === undefined ? '' : ` through the registry cache at ${event.through}`;
  return `base ${event.reference} from the ${event.from}${through}: ${event.digest}`;
}

function elapsed(startMs: number): string {
  return ((performance.now() - startMs) / 1000).toFixed(3);
}
