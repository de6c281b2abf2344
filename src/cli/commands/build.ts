import { relative, resolve } from 'node:path';
import {
  type BuildEvent,
  buildImage,
  hostArchitecture,
  type RunSettings,
} from '../../../builder/index.ts';
import { openImageSource } from '../../oci/open-image-source.ts';
import type { CommandContext } from '../command-context.ts';
import { createCommandLedger } from '../command-ledger.ts';
import { defaultDiskSize } from '../defaults.ts';
import { formatLedger, ledgerJson } from '../format-ledger.ts';
import { openStore } from '../open-store.ts';
import { parseDiskSize } from '../parse-size.ts';
import { createBuildProgress, type ProgressMode } from '../progress/build-progress.ts';
import { createRegistryAccess, type RegistryAccess } from '../registry-access.ts';
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
  readonly bootCheck: 'no' | 'yes';
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
    warn: (message) =>
      progress.show({ kind: 'warning', rule: 'RegistryCache', message, line: null }),
  });
  using imageStore = await ledger.span('cache', 'store', () => openStore(context, 'write'));
  const built = await buildImage({
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
    runs: options.runs,
    openRegistryImage: async (reference, abort) =>
      openImageSource(`docker://${reference}`, {
        tmpDir: config.home,
        signal: abort,
        registry: await access.optionsFor(reference),
      }),
    ledger,
    emit: (event) => progress.show(event.kind === 'base' ? withAccess(event, access) : event),
    nowMs: context.nowMs,
    signal,
  });
  const summary = ledger.summary();
  progress.end(formatLedger(summary));
  const { digest, tags, diskBytes, steps, newStoredBytes } = built;
  return {
    json: {
      digest,
      tags,
      diskBytes,
      steps,
      newStoredBytes,
      ledger: ledgerJson(summary),
    },
    text: [digest, ...tags].join('\n'),
  };
}

function withAccess(event: BaseEvent, access: RegistryAccess): BaseEvent {
  const through = event.from === 'registry' ? access.through(event.reference) : null;
  return through === null ? event : { ...event, through };
}
