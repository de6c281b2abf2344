/** The keys that this process is using, each as often as it was pinned. */
export interface Pins {
  /** Until the handle is disposed. */
  pin(key: string): Disposable;
  isPinned(key: string): boolean;
}

export function createPins(): Pins {
  const counts = new Map<string, number>();
  return {
    isPinned: (key) => counts.has(key),
    pin(key) {
      counts.set(key, (counts.get(key) ?? 0) + 1);
      let isHeld = true;
      return {
        [Symbol.dispose]() {
          if (!isHeld) return;
          isHeld = false;
          const left = (counts.get(key) ?? 1) - 1;
          if (left === 0) counts.delete(key);
          else counts.set(key, left);
        },
      };
    },
  };
}
