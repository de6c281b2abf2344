import { checkStore, type CheckReport } from '../../collect/check-store.ts';
import type { Digest } from '../../digest/digest.ts';
import { AshlarError } from '../../errors/ashlar-error.ts';
import { resolveImage } from '../../image/tags.ts';
import type { CommandContext } from '../command-context.ts';
import { openStore } from '../open-store.ts';
import type { CommandResult } from '../terminal.ts';

/** `ashlar image verify REF`: reads all of an image and holds it against its digests. */
export async function imageVerify(
  context: CommandContext,
  reference: string,
): Promise<CommandResult> {
  using imageStore = await openStore(context, 'read');
  const digest = await resolveImage(imageStore.objects, reference);
  return checkResult(await checkStore(imageStore, [digest]), digest);
}

/** `ashlar store fsck`: the same for every image of the store. */
export async function storeCheck(context: CommandContext): Promise<CommandResult> {
  using imageStore = await openStore(context, 'read');
  return checkResult(await checkStore(imageStore, null), null);
}

/** The result of a check; throws when there is damage, with the first of it as the reason. */
function checkResult(report: CheckReport, image: Digest | null): CommandResult {
  const { damages } = report;
  const [first] = damages;
  if (first !== undefined) {
    const hurt = [...new Set(damages.map((damage) => damage.tags[0] ?? damage.image))];
    const lines = damages.slice(0, 20).map((damage) => {
      const files = damage.files.length === 0 ? 'metadata' : damage.files.slice(0, 5).join(', ');
      return `  ${damage.tags[0] ?? damage.image}: ${damage.code}: ${damage.message} (${files})`;
    });
    throw new AshlarError(
      damageCode(first.code),
      `${damages.length} damages in ${hurt.length} images:\n${lines.join('\n')}`,
      {
        data: { images: hurt, files: [...new Set(damages.flatMap((damage) => damage.files))] },
      },
    );
  }
  const subject = image ?? `${report.images} images`;
  const { images, packs, blobs } = report;
  return {
    json: { images, packs, blobs, damages: [] },
    text: `${subject}: ${blobs} chunks and pages in ${packs} packs, all good`,
  };
}

function damageCode(
  code: string,
): 'chunk_corrupt' | 'pack_missing' | 'pack_corrupt' | 'manifest_corrupt' | 'tree_corrupt' {
  const known = ['chunk_corrupt', 'pack_missing', 'pack_corrupt', 'tree_corrupt'] as const;
  return known.find((name) => name === code) ?? 'manifest_corrupt';
}
