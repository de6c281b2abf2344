import type { IncomingMessage, ServerResponse } from 'node:http';
import { AshlarError } from '../errors/ashlar-error.ts';
import { ClientGone } from './client-gone.ts';

/** One client's wait for its answer. */
export interface AnswerWait {
  /** Aborted when the client is gone or has waited long enough, and when the server ends. */
  readonly signal: AbortSignal;
  /** The client has the beginning of its answer, and may take its time with the rest. */
  isOver(): void;
  isClientGone(): boolean;
  /** Has to be called at the end of the request. */
  end(): void;
}

export interface AnswerWaits {
  begin(request: IncomingMessage, response: ServerResponse): AnswerWait;
}

/** One listener at the server's signal for all: thousands would make adding and removing each of them slow. */
export function createAnswerWaits({
  answerTimeoutMs,
  signal,
}: {
  readonly answerTimeoutMs: number;
  readonly signal: AbortSignal;
}): AnswerWaits {
  const waiting = new Set<AbortController>();
  const endAll = (): void => {
    for (const controller of waiting) controller.abort(signal.reason);
  };
  signal.addEventListener('abort', endAll, { once: true });
  return {
    begin(request, response) {
      const controller = new AbortController();
      waiting.add(controller);
      let isGone = false;
      const timer = setTimeout(() => {
        const path = request.url?.split('?')[0] ?? '';
        const problem = `upstream has not given ${path} within ${answerTimeoutMs / 1000} s`;
        controller.abort(new AshlarError('registry_unavailable', problem));
      }, answerTimeoutMs);
      const onClose = (): void => {
        isGone = !response.writableFinished;
        if (isGone) controller.abort(new ClientGone());
      };
      response.once('close', onClose);
      return {
        signal: controller.signal,
        isOver: () => clearTimeout(timer),
        isClientGone: () => isGone,
        end() {
          clearTimeout(timer);
          waiting.delete(controller);
          response.off('close', onClose);
        },
      };
    },
  };
}
