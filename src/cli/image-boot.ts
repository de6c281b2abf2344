import type { Boot } from '../../base-images/index.ts';
import type { Digest } from '../digest/digest.ts';
import type { ImageStore } from '../image/image-store.ts';
import { bootStoredImage } from './boot-stored-image.ts';
import type { CommandContext } from './command-context.ts';

/** The init of an image has a whole distribution to start, which takes a minute without KVM on a machine that is busy. */
const timeoutsMs = { guest: 180_000, image: 300_000 } as const;

/** Boots an image for its checks: the command is run as root, whatever user the image has. */
export function imageBoot(context: CommandContext, imageStore: ImageStore, image: Digest): Boot {
  return {
    async run(argv, init) {
      const stdout: Buffer[] = [];
      const stderr: Buffer[] = [];
      const { exitCode } = await bootStoredImage(context, imageStore, {
        reference: image,
        argv,
        user: '',
        init,
        timeoutMs: timeoutsMs[init],
        onStdout: (chunk) => void stdout.push(Buffer.from(chunk)),
        onStderr: (chunk) => void stderr.push(Buffer.from(chunk)),
      });
      return { exitCode, stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr) };
    },
  };
}
