import type { Digest } from '../digest/digest.ts';
import { plainLine } from '../../builder/index.ts';
import { AshlarError } from '../errors/ashlar-error.ts';
import { recordBootTrace } from '../image/boot-trace.ts';
import type { ImageStore } from '../image/image-store.ts';
import { bootStoredImage } from './boot-stored-image.ts';
import type { CommandContext } from './command-context.ts';

const shownBytes = 4096;

/**
 * Boots an image once: its own command has to end with 0. What the boot read is recorded with the image. Throws
 * `boot_check_failed` with the command's last output.
 */
export async function checkBoot(
  context: CommandContext,
  imageStore: ImageStore,
  image: Digest,
): Promise<void> {
  let output = Buffer.alloc(0);
  const onOutput = (chunk: Buffer): void => {
    output = Buffer.concat([output, chunk]).subarray(-shownBytes);
  };
  const { exitCode, readChunks } = await bootStoredImage(context, imageStore, {
    reference: image,
    check: 'starts',
    onStdout: onOutput,
    onStderr: onOutput,
  });
  if (exitCode !== 0) {
    throw new AshlarError(
      'boot_check_failed',
      `the image ${image} booted, but its command ended with exit code ${exitCode}`,
      { data: { image, exitCode, output: shownOutput(output) } },
    );
  }
  await recordBootTrace(imageStore.objects, image, readChunks);
}

function shownOutput(output: Buffer): string {
  return output.toString('utf8').trimEnd().split('\n').map(plainLine).join('\n');
}
