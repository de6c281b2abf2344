import type { ImageFiles } from '../files/image-files.ts';

/** A line of /etc/sudoers that brings in the drop-ins. */
export interface DropInInclude {
  readonly style: '#' | '@';
  /** From 1. */
  readonly line: number;
}

const maxBytes = 16 * 1024 * 1024;
const include = /^([#@])includedir[ \t]+\/etc\/sudoers\.d\/?[ \t]*\r?$/;

/** The lines of /etc/sudoers that include /etc/sudoers.d, in the form that each sudo and sudo-rs that knows it takes. None where there is no such file. */
export async function whichInclude(files: ImageFiles): Promise<readonly DropInInclude[]> {
  const bytes = await files.read('etc/sudoers', { maxBytes });
  const lines = bytes?.toString('latin1').split('\n') ?? [];
  return lines.flatMap((text, index) => {
    const style = include.exec(text)?.[1];
    return style === '#' || style === '@' ? [{ style, line: index + 1 }] : [];
  });
}
