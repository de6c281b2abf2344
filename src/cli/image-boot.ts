import type { Boot } from '../../base-images/index.ts';
import type { Digest } from '../digest/digest.ts';
import type { ImageStore } from '../image/image-store.ts';
import { bootStoredImage } from './boot-stored-image.ts';
import type { CommandContext } from './command-context.ts';

const timeoutMs = 180_000;

/** Boots an image for its checks: the command is run as root, whatever user the image has. */
export function imageBoot(context: CommandContext, imageStore: ImageStore, image: Digest): Boot {
  return {
    async run(argv) {
      const stdout: Buffer[] = [];
      const stderr: Buffer[] = [];
      const { exitCode } = await bootStoredImage(context, imageStore, {
        reference: image,
        argv,
        user: '',
        timeoutMs,
        onStdout: (chunk) => void stdout.push(Buffer.from(chunk)),
        onStderr: (chunk) => void stderr.push(Buffer.from(chunk)),
      });
      return { exitCode, stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr) };
    },
  };
}
