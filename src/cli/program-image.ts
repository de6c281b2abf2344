import type { Command } from 'commander';
import { defaultDiskSize } from './defaults.ts';
import { parseDiskSize } from './parse-size.ts';
import { type CommonOptions, type Perform, refWords, withCommonOptions } from './common-options.ts';

/** `ashlar image ...` */
export function addImageCommands(program: Command, perform: Perform): void {
  const image = program.command('image').description('list, read, check, export and import images');

  withCommonOptions(
    image
      .command('ls')
      .description('list the images of the store')
      .option('--all', 'list images without a tag too, such as those of build steps'),
  ).action((options: CommonOptions & { all?: boolean }) =>
    perform(options, async (context) =>
      (await import('./commands/image-list.ts')).imageList(
        context,
        options.all === true ? 'all' : 'tagged',
      ),
    ),
  );

  withCommonOptions(
    image
      .command('inspect')
      .description('show the digest, size, config and origin of an image')
      .argument('<ref>', refWords),
  ).action((reference: string, options: CommonOptions) =>
    perform(options, async (context) =>
      (await import('./commands/image-inspect.ts')).imageInspect(context, reference),
    ),
  );

  withCommonOptions(
    image
      .command('files')
      .description('list the files of an image')
      .argument('<ref>', refWords)
      .argument('[path]', 'a file, or a directory with all below it', '/'),
  ).action((reference: string, path: string, options: CommonOptions) =>
    perform(options, async (context) =>
      (await import('./commands/image-files.ts')).imageFiles(context, reference, path),
    ),
  );

  withCommonOptions(
    image
      .command('cat')
      .description('write a file of an image to stdout')
      .argument('<ref>', refWords)
      .argument('<path>', 'a file in the image; symbolic links are followed'),
  ).action((reference: string, path: string, options: CommonOptions) =>
    perform(options, async (context) =>
      (await import('./commands/image-files.ts')).imageCat(context, reference, path),
    ),
  );

  withCommonOptions(
    image
      .command('diff')
      .description(
        'compare two images: + only in B, - only in A, M other content, m other mode, owner, time or attributes',
      )
      .argument('<a>', refWords)
      .argument('<b>', 'the image to compare it with'),
  ).action((left: string, right: string, options: CommonOptions) =>
    perform(options, async (context) =>
      (await import('./commands/image-diff.ts')).imageDiff(context, left, right),
    ),
  );

  withCommonOptions(
    image
      .command('verify')
      .description('read all of an image and hold it against its digests')
      .argument('<ref>', refWords),
  ).action((reference: string, options: CommonOptions) =>
    perform(options, async (context) =>
      (await import('./commands/image-verify.ts')).imageVerify(context, reference),
    ),
  );

  withCommonOptions(
    image
      .command('export')
      .description('write an image as a raw disk')
      .argument('<ref>', refWords)
      .argument('<file>', 'where to write it; what is zero becomes a hole'),
  ).action((reference: string, file: string, options: CommonOptions) =>
    perform(options, async (context) =>
      (await import('./commands/image-export.ts')).imageExport(context, reference, file),
    ),
  );

  withCommonOptions(
    image
      .command('rm')
      .description('remove a tag, or an untagged image by its digest; `store gc` frees the space')
      .argument('<ref>', refWords),
  ).action((reference: string, options: CommonOptions) =>
    perform(options, async (context) =>
      (await import('./commands/image-remove.ts')).imageRemove(context, reference),
    ),
  );

  withCommonOptions(
    image
      .command('import')
      .description('make an image of a root file system or a container image')
      .argument(
        '<source>',
        'tar:FILE, oci:DIR[:tag], oci-archive:FILE, docker-archive:FILE or docker://REF',
      )
      .requiredOption('-t, --tag <name>', 'name for the image, such as debian:12; has to be given')
      .option('--disk <size>', 'size of the disk; empty space costs nothing', defaultDiskSize)
      .option(
        '--platform <platform>',
        'which image of a multi-platform one, such as linux/amd64 (default: as this machine)',
      ),
  ).action(
    (source: string, options: CommonOptions & { tag: string; disk: string; platform?: string }) =>
      perform(options, async (context) =>
        (await import('./commands/image-import.ts')).imageImport(context, source, {
          name: options.tag,
          diskBytes: parseDiskSize(options.disk, '--disk'),
          platform: options.platform,
        }),
      ),
  );
}
