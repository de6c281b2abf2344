import type { BytePath } from '../../../bytes/byte-path.ts';
import type { LayoutOutline } from '../../../layout/layout-outline.ts';
import type { OutlinePlaces } from '../../../layout/place-outline.ts';
import type { KnownSlabs, NextSlab } from './recut-slabs.ts';

/** A slab of directories with its place. */
export interface NumberedSlab {
  readonly paths: readonly BytePath[];
  readonly firstNumber: number;
}

export interface ChangedSlabs {
  readonly leftSlabs: readonly NumberedSlab[];
  readonly enteredSlabs: readonly NumberedSlab[];
}

/** The slabs of directories that are others after a change, or lie elsewhere: as they were, and as they are now. */
export async function changedSlabs(
  { outline, slabs: known }: { readonly outline: LayoutOutline; readonly slabs: KnownSlabs },
  slabs: readonly NextSlab[],
  { before, after }: Record<'before' | 'after', OutlinePlaces>,
): Promise<ChangedSlabs> {
  const kept = new Set(
    slabs.flatMap((slab, at) => {
      const isThere =
        slab.kind === 'kept' && before.directorySlabs[slab.number] === after.directorySlabs[at];
      return isThere ? [slab.number] : [];
    }),
  );
  const pathsOf = (number: number): Promise<BytePath[]> =>
    known.paths({ start: number, end: number + 1 });
  const leftSlabs: NumberedSlab[] = [];
  for (const number of outline.directorySlabs.keys()) {
    if (kept.has(number)) continue;
    const firstNumber = before.directorySlabs[number] ?? 0;
    leftSlabs.push({ paths: await pathsOf(number), firstNumber });
  }
  const enteredSlabs: NumberedSlab[] = [];
  for (const [at, slab] of slabs.entries()) {
    if (slab.kind === 'kept' && kept.has(slab.number)) continue;
    const firstNumber = after.directorySlabs[at] ?? 0;
    const paths = slab.kind === 'new' ? slab.paths : await pathsOf(slab.number);
    enteredSlabs.push({ paths, firstNumber });
  }
  return { leftSlabs, enteredSlabs };
}
