import type { BytePath } from '../../../src/index.ts';
import type { ImageFiles } from '../../files/image-files.ts';

export { linesOf } from '../../text/lines.ts';

/** No file that the checks read is larger, but by mistake. */
const maxTextBytes = 16 * 1024 * 1024;

/** A file's text, one character a byte; null where there is no file. Throws `base_file_too_large`. */
export async function readText(files: ImageFiles, path: BytePath): Promise<string | null> {
  const bytes = await files.read(path, { maxBytes: maxTextBytes });
  return bytes?.toString('latin1') ?? null;
}
