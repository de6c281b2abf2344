import type { BytePath } from '../../../src/index.ts';
import type { ImageFiles } from '../../files/image-files.ts';
import { linesOf, readText } from './read-text.ts';

/** Where the setup writes its rule: the name sorts last, and no sudo skips it. */
export const dropInPath = 'etc/sudoers.d/zz-ashlar';

/** Where the setup keeps what it brings. */
export const ashlarDirectory = 'usr/lib/ashlar';

/** Whom the rule of the setup names; null where there is no such rule. */
export async function userOfDropIn(files: ImageFiles): Promise<BytePath | null> {
  const text = (await readText(files, dropInPath)) ?? '';
  for (const line of linesOf(text)) {
    const name = /^([^\s#%+@]+)[ \t]+ALL[ \t]*=.*NOPASSWD:/.exec(line)?.[1];
    if (name !== undefined && name !== 'Defaults') return unescaped(name);
  }
  return null;
}

/** sudoers(5), "Other special characters and reserved words": a backslash before what would end a name. */
function unescaped(name: string): BytePath {
  return name.replaceAll(/\\(.)/g, '$1');
}
