import {
  listLockfile,
  type NeededPackage,
  readLockfileFile,
  readNpmSettings,
  warmPackages,
} from '../../../mirror/index.ts';
import type { CommandContext } from '../command-context.ts';
import type { FinishedCommand } from '../common-options.ts';
import { openMirror } from '../open-mirror.ts';
import type { MirrorSettings } from '../program-mirror.ts';
import { formatBytes } from '../terminal.ts';

/** Fetches what lockfiles need into the cache; the exit code is 5 when some of it cannot be had, or not be kept. */
export async function mirrorWarm(
  context: CommandContext,
  files: readonly string[],
  settings: MirrorSettings,
): Promise<FinishedCommand> {
  const needed: NeededPackage[] = [];
  for (const file of files) needed.push(...listLockfile((await readLockfileFile(file)).text, file));
  await using stack = new AsyncDisposableStack();
  const { stderr, isInteractive } = context.terminal;
  const { core, home } = await openMirror(context, settings, {
    stack,
    onNotKept: (subject, error) => stderr.write(`${subject} cannot be stored: ${String(error)}\n`),
  });
  const summary = await warmPackages(core, needed, {
    signal: context.signal,
    npmSettings: readNpmSettings(),
    secret: home.secret,
    onProgress({ done, total }) {
      if (isInteractive) stderr.write(`\r${done} of ${total} tarballs`);
    },
  });
  if (isInteractive) stderr.write('\n');
  const { fetched, kept, bytes, failures } = summary;
  const lines = [
    `${fetched + kept} tarballs are there: ${fetched} fetched (${formatBytes(bytes)}), ${kept} were there before`,
    ...failures.map(({ subject, problem }) => `failed: ${subject}: ${problem}`),
  ];
  return {
    json: { fetched, kept, bytes, failures: failures.map((failure) => ({ ...failure })) },
    text: lines.join('\n'),
    exitCode: failures.length === 0 ? 0 : 5,
  };
}
