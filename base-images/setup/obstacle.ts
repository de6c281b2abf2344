import { type BytePath, toDisplay } from '../../src/index.ts';

/** Why a part of a setup cannot be done in this image. It ends that part alone; `planSetup` says what becomes of it. */
export class Obstacle extends Error {
  /** `image`: it has no place for it; `file`: a file of the image is not as its own programs want it. */
  readonly of: 'image' | 'file';
  readonly path: BytePath | null;
  readonly hint: string | undefined;

  constructor(
    message: string,
    { of, path, hint }: { of: Obstacle['of']; path?: BytePath; hint?: string },
  ) {
    super(message);
    this.of = of;
    this.path = path ?? null;
    this.hint = hint;
  }
}

export function shownPath(path: BytePath): string {
  return `/${toDisplay(path)}`;
}
