import { undoSetup } from '../../../base-images/index.ts';
import { toDisplay } from '../../bytes/byte-path.ts';
import type { Digest } from '../../digest/digest.ts';
import { AshlarError } from '../../errors/ashlar-error.ts';
import type { Json } from '../../image/canonical-json.ts';
import { normalizeTagName, resolveImage, setTag } from '../../image/references/tags.ts';
import type { CommandContext } from '../command-context.ts';
import { createCommandLedger } from '../command-ledger.ts';
import { formatLedger, ledgerJson } from '../format-ledger.ts';
import { openStore } from '../open-store.ts';
import {
  planStoredSetup,
  refuse,
  type SetUpPlace,
  setUpStoredImage,
} from '../set-up-stored-image.ts';
import { reportOf } from '../make-setup-report.ts';
import { reportJson, type SetUpReport } from '../setup-report.ts';
import type { SetupRequest } from '../setup-request.ts';
import type { CommandResult } from '../terminal.ts';

export interface BaseSetupOptions {
  readonly reference: string;
  /** Undefined where nothing shall be made: with `dry-run`. */
  readonly tag: string | undefined;
  readonly way: 'set-up' | 'undo' | 'dry-run';
  readonly request: SetupRequest;
}

/** `ashlar base setup IMAGE -t NAME`: what a build does at its end, what it would do, or the way back. */
export async function baseSetup(
  context: CommandContext,
  { reference, tag, way, request }: BaseSetupOptions,
): Promise<CommandResult> {
  const name = tag === undefined ? null : normalizeTagName(tag);
  if (name === null && way !== 'dry-run')
    throw new AshlarError('invalid_request', 'the image that is made has no name', {
      hint: 'Name it with -t, or look at what would be done with --dry-run.',
    });
  const ledger = createCommandLedger(context);
  const purpose = way === 'dry-run' ? 'read' : 'write';
  using imageStore = await ledger.span('cache', 'store', () => openStore(context, purpose));
  const { objects } = imageStore;
  const image = await ledger.span('cache', reference, () => resolveImage(objects, reference));
  const place: SetUpPlace = { context, imageStore, ledger, cache: 'use' };
  if (name === null || way === 'dry-run') return look(place, image, request);
  const done = way === 'undo' ? await undo(place, image) : await setUp(place, image, request);
  await ledger.span('upload', name, () =>
    setTag(objects, { name, image: done.digest, nowMs: context.nowMs() }),
  );
  const summary = ledger.summary();
  context.terminal.stderr.write([...done.lines, formatLedger(summary), ''].join('\n'));
  return {
    json: { image, digest: done.digest, tag: name, ...done.json, ledger: ledgerJson(summary) },
    text: `${name} ${done.digest}`,
  };
}

interface Done {
  readonly digest: Digest;
  readonly json: Readonly<Record<string, Json>>;
  readonly lines: readonly string[];
}

async function look(
  place: SetUpPlace,
  image: Digest,
  request: SetupRequest,
): Promise<CommandResult> {
  const plan = await planStoredSetup(place, image, request);
  refuse(plan);
  const report = reportOf(plan);
  return { json: { image, ...reportJson(report) }, text: linesOf(report).join('\n') };
}

async function setUp(place: SetUpPlace, image: Digest, request: SetupRequest): Promise<Done> {
  const { digest, newStoredBytes, report } = await setUpStoredImage(place, image, request);
  return { digest, json: { ...reportJson(report), newStoredBytes }, lines: linesOf(report) };
}

async function undo({ imageStore, ledger }: SetUpPlace, image: Digest): Promise<Done> {
  const { digest, restored, left } = await ledger.span('layout', 'undo', () =>
    undoSetup(imageStore, image),
  );
  const shown = left.map(({ path, why }) => ({ path: `/${toDisplay(path)}`, why }));
  const isListed = restored.length + left.length > 0;
  const lines = isListed
    ? [
        `${restored.length} changes taken out`,
        ...shown.map(({ path, why }) => `warning: ${path} stays: ${why}`),
      ]
    : ['warning: the image has no list of changes: it was not set up'];
  const json = { restored: restored.map((path) => `/${toDisplay(path)}`), left: shown };
  return { digest, json, lines };
}

function linesOf({ changes, notes, user }: SetUpReport): string[] {
  return [
    user === null ? 'nobody works in the machine' : `the user is ${user.name} (uid ${user.uid})`,
    ...changes.map(({ path, step, why, change }) => `${change} ${path} (${step}: ${why})`),
    ...(changes.length === 0 ? ['nothing is to be changed'] : []),
    ...notes.map(({ step, kind, what, why }) => `${kind}, ${step}: ${what} (${why})`),
  ];
}
