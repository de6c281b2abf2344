import { fromUtf8 } from '../../../src/index.ts';
import type { StepContext } from '../step-context.ts';
import { linesOf, readText } from '../text-file.ts';

/**
 * Whether the image's init is a busybox that would start nothing: the programs that its inittab names are not there, as in images of Alpine,
 * whose inittab is OpenRC's and which have no OpenRC. Consoles do not count. Format: busybox, `examples/inittab`: `id:runlevels:action:process`.
 */
export async function isIdleBusybox({
  facts,
  draft,
}: Pick<StepContext, 'facts' | 'draft'>): Promise<boolean> {
  if (facts.init.kind !== 'busybox') return false;
  const files = await draft.files();
  // Without an inittab there is this file alone.
  const text = (await readText(draft, 'etc/inittab')) ?? '::sysinit:/etc/init.d/rcS\n';
  for (const line of linesOf(text)) {
    const [, , action = '', ...process] = line.split(':');
    if (line.startsWith('#') || !['sysinit', 'wait', 'once', 'respawn'].includes(action)) continue;
    const program = process.join(':').replace(/^-/, '').split(/\s/)[0] ?? '';
    if (/(?:^|\/)(?:getty|sh|login)$/.test(program)) continue;
    if ((await files.follow(fromUtf8(program.replace(/^\/+/, ''))))?.type === 'file') return false;
  }
  return true;
}
