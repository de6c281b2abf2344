import { AshlarError } from '../../errors/ashlar-error.ts';
import { listLeases } from '../../image/references/image-leases.ts';
import { listTags, removeTag, resolveImage } from '../../image/references/tags.ts';
import { imageKey, imageParts } from '../../store/store-paths.ts';
import type { CommandContext } from '../command-context.ts';
import { openStore } from '../open-store.ts';
import type { CommandResult } from '../terminal.ts';

/**
 * `ashlar image rm REF`: removes a tag, or an image by its digest when no tag names it and no machine uses it. Space is
 * freed by `ashlar store gc`.
 */
export async function imageRemove(
  context: CommandContext,
  reference: string,
): Promise<CommandResult> {
  using imageStore = await openStore(context, 'read');
  const { objects } = imageStore;
  if (await removeTag(objects, reference))
    return { json: { removedTag: reference }, text: `removed the tag ${reference}` };
  const digest = await resolveImage(objects, reference);
  const tags: string[] = [];
  for await (const tag of listTags(objects)) if (tag.image === digest) tags.push(tag.name);
  if (tags.length > 0) {
    throw new AshlarError('image_in_use', `the image ${digest} has tags: ${tags.join(', ')}`, {
      data: { image: digest, tags },
      hint: `Remove the tags first: ashlar image rm ${tags.join(' ')}`,
    });
  }
  for await (const lease of listLeases(objects)) {
    if (lease.image !== digest || lease.expiresMs < context.nowMs()) continue;
    const until = new Date(lease.expiresMs).toISOString();
    throw new AshlarError(
      'image_in_use',
      `a machine uses the image ${digest}, until ${until} at the latest`,
      {
        data: { image: digest, lease: lease.key },
        hint: 'Wait until the machine has ended.',
      },
    );
  }
  for (const part of imageParts) await objects.delete(imageKey(digest, part));
  return { json: { removedImage: digest }, text: `removed the image ${digest}` };
}
