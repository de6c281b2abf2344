import { checkStore, type CheckReport, type Damage } from '../../collect/check-store.ts';
import { AshlarError } from '../../errors/ashlar-error.ts';
import type { ErrorCode } from '../../errors/catalogue.ts';
import { resolveImage } from '../../image/references/tags.ts';
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
  return checkResult(await checkStore(imageStore, [digest], context.signal), digest);
}

/** `ashlar store fsck`: the same for every image of the store, and for what belongs to none. */
export async function storeCheck(context: CommandContext): Promise<CommandResult> {
  using imageStore = await openStore(context, 'read');
  const report = await checkStore(imageStore, null, context.signal);
  return checkResult(report, `${report.images} images`);
}

/** The result of a check; throws when there is damage, all of which is in the data of the error. */
function checkResult(report: CheckReport, subject: string): CommandResult {
  const { images, packs, blobs, damages } = report;
  if (damages.length > 0) throw damageError(damages);
  return {
    json: { images, packs, blobs, damages: [] },
    text: `${subject}: ${blobs} chunks and pages in ${packs} packs, all good`,
  };
}

/** Damages that the message names; files that it names of each. */
const shownDamages = 20;
const shownFiles = 5;

function damageError(damages: readonly Damage[]): AshlarError {
  const images = new Set(damages.flatMap(({ image }) => (image === null ? [] : [image])));
  const files = new Set(damages.flatMap((damage) => damage.files));
  const lines = damages.slice(0, shownDamages).map((damage) => `  ${describe(damage, shownFiles)}`);
  if (damages.length > shownDamages) {
    const rest = damages.length - shownDamages;
    lines.push(`  and ${rest} more, which --output json lists`);
  }
  const count = damages.length === 1 ? 'one damage' : `${damages.length} damages`;
  const hurt = images.size === 1 ? 'in one image' : `in ${images.size} images`;
  const where = images.size === 0 ? 'beside the images' : hurt;
  const code = codeOf(damages);
  return new AshlarError(code, `${count} ${where}:\n${lines.join('\n')}`, {
    data: {
      images: [...images],
      files: [...files],
      damages: damages.map((damage) => describe(damage, Infinity)),
    },
    ...(code === 'object_not_a_file'
      ? {}
      : {
          hint: 'Build (with --no-cache) or import the images again: what is damaged is then stored anew.',
        }),
  });
}

function describe({ tags, image, code, message, files }: Damage, maxFiles: number): string {
  const name = tags[0] ?? image ?? 'the store';
  const rest = files.length > maxFiles ? ` and ${files.length - maxFiles} more` : '';
  const hurt = files.length === 0 ? '' : ` (${files.slice(0, maxFiles).join(', ')}${rest})`;
  return `${name}: ${code}: ${message}${hurt}`;
}

const damageCodes: ReadonlySet<ErrorCode> = new Set([
  'chunk_corrupt',
  'pack_missing',
  'pack_corrupt',
  'tree_corrupt',
]);

/**
 * The code of the first damage, which decides the exit code: 7 for all of these. Where nothing is wrong but foreign
 * files, it is for the operator to move them away.
 */
function codeOf(damages: readonly Damage[]): ErrorCode {
  if (damages.every(({ code }) => code === 'object_not_a_file')) return 'object_not_a_file';
  const first = damages[0]?.code ?? 'manifest_corrupt';
  return damageCodes.has(first) ? first : 'manifest_corrupt';
}
