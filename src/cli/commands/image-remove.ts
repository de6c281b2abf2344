import { AshlarError } from '../../errors/ashlar-error.ts';
import { listTags, removeTag, resolveImage } from '../../image/tags.ts';
import { imageKey, imageParts } from '../../store/store-paths.ts';
import type { CommandContext } from '../command-context.ts';
import { openStore } from '../open-store.ts';
import type { CommandResult } from '../terminal.ts';

/**
 * `ashlar image rm REF`: removes a tag, or an image by its digest when no tag names it. Space is freed by
 * `ashlar store gc`.
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
  for (const part of imageParts) await objects.delete(imageKey(digest, part));
  return { json: { removedImage: digest }, text: `removed the image ${digest}` };
}
