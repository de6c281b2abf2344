import {
  listLockfile,
  type NeededPackage,
  readLockfileFile,
  readNpmSettings,
  warmPackages,
  type WarmSummary,
} from '../../../mirror/index.ts';
import type { CommandContext } from '../command-context.ts';
import type { FinishedCommand } from '../common-options.ts';
import { openMirror } from '../open-mirror.ts';
import type { MirrorSettings } from '../program-mirror.ts';
import { formatBytes } from '../terminal.ts';
import { trustBuildCa } from '../trust-build-ca.ts';

/** Fetches what lockfiles need into the cache; the exit code is 5 when some of it cannot be had, or not be kept. */
export async function mirrorWarm(
  context: CommandContext,
  files: readonly string[],
  settings: MirrorSettings,
): Promise<FinishedCommand> {
  const needed: NeededPackage[] = [];
  for (const file of files) needed.push(...listLockfile((await readLockfileFile(file)).text, file));
  await trustBuildCa(context.env);
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
  return {
    json: { fetched, kept, bytes, failures: failures.map((failure) => ({ ...failure })) },
    text: linesOf(summary).join('\n'),
    exitCode: failures.length === 0 ? 0 : 5,
  };
}

/** What failed comes last, where it is seen, but the first line says that something did. */
function linesOf({ fetched, kept, bytes, failures }: WarmSummary): string[] {
  const there = `${fetched + kept} tarballs are there: ${fetched} fetched (${formatBytes(bytes)}), ${kept} were there before`;
  if (failures.length === 0) return [there];
  const hints = [...new Set(failures.map(({ hint }) => hint))];
  return [
    `${failures.length} of ${fetched + kept + failures.length} packages FAILED; ${there}`,
    ...failures.map(({ subject, problem }) => `failed: ${subject}: ${problem}`),
    ...hints.map((hint) => `hint: ${hint}`),
    'Then run the same command again: it fetches only what is missing.',
  ];
}
