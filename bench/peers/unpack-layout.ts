import { join } from 'node:path';
import { quoted } from '../commands.ts';
import type { OciLayout } from '../oci-layout.ts';
import { mke2fsLine } from './mke2fs.ts';

export interface UnpackOptions {
  readonly layout: OciLayout;
  /** A directory that does not exist yet. */
  readonly directory: string;
  readonly diskSize: string;
}

/**
 * A script that makes a disk of an OCI layout with the usual tools: `skopeo copy`, unpack, `mke2fs -d`. One layer is unpacked
 * by tar, which is fastest; several by `umoci raw unpack`, which knows whiteouts. mke2fs itself syncs its disk.
 */
export function unpackLayoutLines(options: UnpackOptions): readonly string[] {
  const { layout, directory } = options;
  const root = join(directory, 'root');
  return [
    `mkdir -p ${quoted(root)}`,
    ...unpackLines(layout, { copy: join(directory, 'copy'), root }),
    mke2fsLine(quoted(root), join(directory, 'disk.ext4'), options.diskSize),
  ];
}

function unpackLines(
  layout: OciLayout,
  { copy, root }: { readonly copy: string; readonly root: string },
): readonly string[] {
  const source = `oci:${quoted(layout.path)}:${layout.tag}`;
  const [only, ...more] = layout.layers;
  if (only === undefined || more.length > 0) {
    return [
      `skopeo copy -q ${source} oci:${quoted(copy)}:copy`,
      `umoci raw unpack --image ${quoted(copy)}:copy ${quoted(root)}`,
    ];
  }
  const blob = join(copy, only.slice('sha256:'.length));
  return [
    `skopeo copy -q ${source} dir:${quoted(copy)}`,
    `tar -xpzf ${quoted(blob)} -C ${quoted(root)} --numeric-owner --xattrs '--xattrs-include=*'`,
  ];
}
