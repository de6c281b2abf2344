import { relative, resolve } from 'node:path';
import {
  type BuildEvent,
  buildImage,
  hostArchitecture,
  type RunSettings,
  type UsedMirror,
} from '../../../builder/index.ts';
import { openImageSource } from '../../oci/open-image-source.ts';
import type { BuildSetup } from '../build-setup.ts';
import type { CommandContext } from '../command-context.ts';
import { createCommandLedger } from '../command-ledger.ts';
import { defaultDiskSize } from '../defaults.ts';
import { formatLedger, ledgerJson } from '../format-ledger.ts';
import { mirrorForRuns } from '../mirror-for-runs.ts';
import { openStore } from '../open-store.ts';
import { parseDiskSize } from '../parse-size.ts';
import { createBuildProgress, type ProgressMode } from '../progress/build-progress.ts';
import { createRegistryAccess, type MirrorUsage, type RegistryAccess } from '../registry-access.ts';
import type { SetUpImage, SetUpPlace } from '../set-up-stored-image.ts';
import { reportJson } from '../setup-report.ts';
import type { CommandResult } from '../terminal.ts';

export interface BuildCommandOptions {
  readonly context: string;
  readonly dockerfile: string | undefined;
  readonly target: string | undefined;
  readonly tags: readonly string[];
  readonly buildArgs: Readonly<Record<string, string>>;
  /** Build arguments that were asked of the environment, which does not have them. */
  readonly unsetArgs: readonly string[];
  readonly diskBytes: number | undefined;
  readonly cache: 'use' | 'ignore';
  readonly pull: 'if-missing' | 'always';
  readonly progress: ProgressMode;
  /** Whether what the last step leaves is set up as a machine to work in. */
  readonly setup: 'no' | 'yes';
  readonly bootCheck: 'no' | 'yes';
  /** Whether FROM and RUN steps go through the registry cache and the npm mirror. */
  readonly mirrors: MirrorUsage;
  /** Certificates that registries may have besides those that are known. */
  readonly caFile: string | undefined;
  readonly runs: RunSettings;
}

type BaseEvent = Extract<BuildEvent, { readonly kind: 'base' }>;

/** `ashlar build CONTEXT`: the image's digest on stdout, progress on stderr. */
export async function build(
  context: CommandContext,
  options: BuildCommandOptions,
): Promise<CommandResult> {
  const { config, signal, terminal } = context;
  const ledger = createCommandLedger(context);
  using progress = createBuildProgress(terminal, options.progress);
  for (const name of options.unsetArgs) {
    const message = `--build-arg ${name}: the environment has no ${name}, so nothing is set`;
    progress.show({ kind: 'warning', rule: 'UnsetBuildArg', message, line: null });
  }
  const dockerfile =
    options.dockerfile === undefined
      ? undefined
      : relative(process.cwd(), resolve(options.dockerfile));
  const access = createRegistryAccess(context, {
    ledger,
    caFile: options.caFile,
    mirrors: options.mirrors,
    warn: (message) =>
      progress.show({ kind: 'warning', rule: 'RegistryCache', message, line: null }),
  });
  const findMirror = mirrorForRuns(context, {
    caFile: options.caFile,
    warn: (message) => progress.show({ kind: 'warning', rule: 'NpmMirror', message, line: null }),
  });
  using imageStore = await ledger.span('cache', 'store', () => openStore(context, 'write'));
  const emit = (event: BuildEvent): void => progress.show(event);
  const place: SetUpPlace = { context, imageStore, ledger, cache: options.cache };
  const setup = await loadSetup(place, options, emit);
  const built = await buildImage({
    ...(setup === null ? {} : { lookAtBase: setup.lookAtBase, finish: setup.finish }),
    imageStore,
    home: config.home,
    contextDir: options.context,
    dockerfile,
    target: options.target,
    buildArgs: options.buildArgs,
    platform: { os: 'linux', architecture: hostArchitecture() },
    diskBytes: options.diskBytes,
    defaultDiskBytes: parseDiskSize(defaultDiskSize, 'the default disk size'),
    cache: options.cache,
    pull: options.pull,
    tags: options.tags,
    accept: async (digest) => {
      if (options.bootCheck === 'no') return;
      await ledger.span('boot', digest, async () => {
        // Loaded only here: most builds need no virtual machine.
        const { checkBoot } = await import('../check-boot.ts');
        await checkBoot(context, imageStore, digest);
      });
    },
    runs: { ...options.runs, ...(options.mirrors === 'use' ? { findMirror } : {}) },
    openRegistryImage: async (reference, abort) =>
      openImageSource(`docker://${reference}`, {
        tmpDir: config.home,
        signal: abort,
        registry: await access.optionsFor(reference),
      }),
    ledger,
    emit: (event) => emit(event.kind === 'base' ? withAccess(event, access) : event),
    nowMs: context.nowMs,
    signal,
  });
  const summary = ledger.summary();
  const done = setup?.done ?? null;
  const { digest, tags, diskBytes, steps, mirror } = built;
  const lines = [
    ...(mirror === null ? [] : [mirrorLine(mirror)]),
    ...(done === null ? [] : [setupLine(done)]),
    formatLedger(summary),
  ];
  progress.end(lines.join('\n'));
  const newStoredBytes = built.newStoredBytes + (done?.newStoredBytes ?? 0);
  return {
    json: {
      digest,
      tags,
      diskBytes,
      steps,
      newStoredBytes,
      mirror: mirror === null ? null : { ...mirror },
      setup: done === null ? null : reportJson(done.report),
      ledger: ledgerJson(summary),
    },
    text: [digest, ...tags].join('\n'),
  };
}

async function loadSetup(
  place: SetUpPlace,
  { setup }: Pick<BuildCommandOptions, 'setup'>,
  emit: (event: BuildEvent) => void,
): Promise<BuildSetup | null> {
  if (setup === 'no') return null;
  return place.ledger.span('start', 'setup', async () => {
    const { createBuildSetup } = await import('../build-setup.ts');
    return createBuildSetup(place, emit);
  });
}

function mirrorLine({ url, through, without }: UsedMirror): string {
  const missed = without === 0 ? '' : `, which it did not give to ${without} more`;
  return `npm: ${through} connections of RUN steps through the mirror at ${url}${missed}`;
}

function setupLine({ report }: SetUpImage): string {
  const { changes, user } = report;
  const count = `${changes.length} ${changes.length === 1 ? 'change' : 'changes'}`;
  return `setup: ${count}; ${user === null ? 'no user' : `the user is ${user.name} (uid ${user.uid})`}`;
}

function withAccess(event: BaseEvent, access: RegistryAccess): BaseEvent {
  const through = event.from === 'registry' ? access.through(event.reference) : null;
  return through === null ? event : { ...event, through };
}
