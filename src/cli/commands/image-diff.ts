import { toDisplay } from '../../bytes/byte-path.ts';
import { diffImages } from '../../image/diff-images.ts';
import { openImage } from '../../image/open-image.ts';
import { resolveImage } from '../../image/references/tags.ts';
import type { CommandContext } from '../command-context.ts';
import { openStore } from '../open-store.ts';
import type { CommandResult } from '../terminal.ts';

const marks = { added: '+', removed: '-', content: 'M', metadata: 'm' } as const;

/** `ashlar image diff A B`: what B has, lacks or has otherwise. */
export async function imageDiff(
  context: CommandContext,
  left: string,
  right: string,
): Promise<CommandResult> {
  using imageStore = await openStore(context, 'read');
  const open = async (reference: string) =>
    openImage(imageStore, await resolveImage(imageStore.objects, reference));
  const { files, others, chunks } = await diffImages(await open(left), await open(right));
  const shown = files.map(({ path, change }) => ({ path: `/${toDisplay(path)}`, change }));
  const lines = shown.map(({ path, change }) => `${marks[change]} ${path}`);
  for (const other of others) lines.push(`M ${other}`);
  const share = chunks.right === 0 ? 100 : (chunks.shared / chunks.right) * 100;
  const legend =
    lines.length === 0
      ? ''
      : ' (+ added, - removed, M other content, m other mode, owner, time or attributes)';
  lines.push(
    `${shown.length} ${shown.length === 1 ? 'path differs' : 'paths differ'}${legend}; ${chunks.shared} of ${chunks.right} chunks (${share.toFixed(1)} %) are shared`,
  );
  return { json: { files: shown, others, chunks: { ...chunks } }, text: lines.join('\n') };
}
