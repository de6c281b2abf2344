import { basename, dirname, join } from 'node:path';
import { runChecked } from '../../../../src/process/run-command.ts';

/** Unpacks the image of a layout into a directory, as a program does that is not ours, and gives the directory. */
export type Unpack = (layout: string, scratch: string) => Promise<string>;

export const unpackWithUmoci: Unpack = async (layout, scratch) => {
  const bundle = join(scratch, 'umoci');
  await runChecked('umoci', ['unpack', '--image', `${layout}:image`, bundle], {
    timeoutMs: 60_000,
  });
  return join(bundle, 'rootfs');
};

/**
 * With the storage driver vfs, the one that neither mounts anything nor depends on the kernel. Buildah takes the path for
 * an image name, which is lower case: the working directory keeps it short.
 */
export const unpackWithBuildah: Unpack = async (layout, scratch) => {
  const folders = ['--root', join(scratch, 'buildah'), '--runroot', join(scratch, 'buildah-run')];
  const buildah = async (...args: readonly string[]): Promise<string> => {
    const all = [...folders, '--storage-driver', 'vfs', ...args];
    const options = { cwd: dirname(layout), timeoutMs: 60_000 };
    return (await runChecked('buildah', all, options)).stdout.toString().trim();
  };
  const container = await buildah('from', `oci:${basename(layout)}:image`);
  return buildah('mount', container);
};
