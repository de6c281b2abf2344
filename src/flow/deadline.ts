/** A signal that aborts when the time is over or when an outer signal does. Dispose it when the work is done. */
export interface Deadline extends Disposable {
  readonly signal: AbortSignal;
  /** Whether it was the time. */
  expired(): boolean;
}

export function startDeadline(totalMs: number, outer: AbortSignal | undefined): Deadline {
  const controller = new AbortController();
  let timeIsOver = false;
  const timer = setTimeout(() => {
    timeIsOver = true;
    controller.abort();
  }, totalMs);
  const passOn = (): void => controller.abort(outer?.reason);
  if (outer?.aborted === true) passOn();
  outer?.addEventListener('abort', passOn, { once: true });
  return {
    signal: controller.signal,
    expired: () => timeIsOver,
    [Symbol.dispose]() {
      clearTimeout(timer);
      outer?.removeEventListener('abort', passOn);
    },
  };
}
