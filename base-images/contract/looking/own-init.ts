import { AshlarError, nameOf, toDisplay } from '../../../src/index.ts';
import type { InitFacts } from '../../detect/base-facts.ts';
import type { ImageFiles } from '../../files/image-files.ts';
import type { Boot } from '../runner.ts';
import { type BootReport, ownInitScript, parseBootReport } from './boot-report.ts';
import { ashlarDirectory } from './drop-in.ts';

/** What became of a machine whose first process is the image's own init. */
export type OwnInit =
  | { readonly came: 'up'; readonly report: BootReport }
  /** With what it said, a line each; the first names what stopped it. */
  | { readonly came: 'short'; readonly said: readonly string[] }
  /** It cannot be told to run anything, so nobody would know how far it came. */
  | { readonly came: 'not-asked'; readonly reason: string };

interface OwnInitOptions {
  readonly files: ImageFiles;
  readonly init: InitFacts;
  readonly boot: Boot;
}

/** Boots the image with its own init. Throws what `boot` throws, but for what is the image's own matter. */
export async function bootOwnInit({ files, init, boot }: OwnInitOptions): Promise<OwnInit> {
  const reason = await whyNotAsked(files, init);
  if (reason !== null) return { came: 'not-asked', reason };
  try {
    const report = parseBootReport(await boot.run(['/bin/sh', '-c', ownInitScript], 'image'));
    return { came: 'up', report };
  } catch (error) {
    if (!(error instanceof AshlarError)) throw error;
    const { code, entry, message } = error;
    if (entry.class !== 'author' && code !== 'boot_failed') throw error;
    return { came: 'short', said: message.split('\n') };
  }
}

const knownPrograms = ['systemd', 'busybox'];

/** Null for an init that a boot knows how to ask (vm/guest/arrange-init.sh). */
async function whyNotAsked(
  files: ImageFiles,
  { kind, realPath }: InitFacts,
): Promise<string | null> {
  if (realPath === null) return 'there is no init';
  if (realPath === `${ashlarDirectory}/init` || knownPrograms.includes(nameOf(realPath)))
    return null;
  if (kind !== 'upstart' && (await files.follow('etc/inittab'))?.type === 'file') return null;
  const name = kind === 'other' ? `/${toDisplay(realPath)}` : kind;
  return `its init is ${name}, which this boot cannot tell to run a check`;
}
