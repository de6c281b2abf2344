import {
  type Check,
  checkBase,
  type CheckBaseOptions,
  type CheckPlace,
  detectBase,
  type Finding,
  loadReleases,
  planSetup,
  selectChecks,
  type SetupOptions,
} from '../../../base-images/index.ts';
import { hostArchitecture } from '../../../builder/index.ts';
import { fromUtf8, toDisplay } from '../../bytes/byte-path.ts';
import { AshlarError } from '../../errors/ashlar-error.ts';
import { exitCodeOfClass } from '../../errors/exit-codes.ts';
import type { CommandContext } from '../command-context.ts';
import type { FinishedCommand } from '../common-options.ts';
import { type CheckedImage, findCheckedImage } from '../find-checked-image.ts';
import { formatFindings, findingsJson } from '../format-findings.ts';
import { guestBundle } from '../guest-bundle.ts';
import { imageBoot } from '../image-boot.ts';
import { openImageRunner } from '../image-runner.ts';

export interface BaseCheckOptions {
  readonly reference: string;
  /** Where checks are made; in the files and in a container where nothing is said. */
  readonly on: readonly CheckPlace[] | undefined;
  /** Ids of the checks that are made; all where nothing is said. */
  readonly ids: readonly string[] | undefined;
  readonly user: string | undefined;
}

const usualPlaces: readonly CheckPlace[] = ['tree', 'container'];

/**
 * `ashlar base check IMAGE`: the contract, check by check. The exit code is 0 where nothing failed, else that of who must act: the image's
 * author before the caller before the operator.
 */
export async function baseCheck(
  context: CommandContext,
  options: BaseCheckOptions,
): Promise<FinishedCommand> {
  const { on, ids, user } = options;
  const selection = {
    ...(on === undefined ? {} : { on }),
    ...(ids === undefined ? {} : { ids }),
  };
  // A check that is not there is said before an image is fetched.
  const checks = selectChecks(selection);
  using checked = await findCheckedImage(context, options.reference);
  await using cleanup = new AsyncDisposableStack();
  const places = placesOf(options, checks);
  const looked = await lookAt(context, checked);
  const findings = await checkBase(
    {
      ...looked,
      ...(user === undefined ? {} : { user: fromUtf8(user) }),
      ...runnersOf(context, { checked, places, cleanup }),
      whyNot: whyNot(checked),
      signal: context.signal,
    },
    selection,
  );
  const { os, release, derivedFrom, family } = looked.facts;
  const title = toDisplay(os.prettyName ?? os.id ?? family);
  return {
    json: {
      image: checked.stored?.image.digest ?? null,
      base: { release, derivedFrom, family, title },
      ...findingsJson(findings),
    },
    text: formatFindings(`${options.reference}: ${title}`, findings),
    exitCode: exitCodeOf(findings),
  };
}

/** Where checks are made: where it was asked for, or where the checks are that were asked for. */
function placesOf({ on, ids }: BaseCheckOptions, checks: readonly Check[]): readonly CheckPlace[] {
  if (on !== undefined) return on;
  return ids === undefined ? usualPlaces : checks.map((check) => check.on);
}

type Looked = Pick<
  CheckBaseOptions,
  'files' | 'facts' | 'release' | 'before' | 'plan' | 'hostArchitecture' | 'nowMs'
>;

/** All that checks need of an image that is not run. */
async function lookAt(context: CommandContext, checked: CheckedImage): Promise<Looked> {
  const { files, before } = checked;
  const releases = await loadReleases();
  const facts = await detectBase(files, { releases });
  const known = facts.release ?? facts.derivedFrom;
  return {
    files,
    facts,
    release: releases.find(({ id }) => id === known) ?? null,
    ...(before === null ? {} : { before }),
    plan: async () => {
      const guest = await guestOf(context, checked);
      return planSetup({ files, facts, options: { guest } });
    },
    hostArchitecture: hostArchitecture(),
    nowMs: context.nowMs,
  };
}

interface RunnersRequest {
  readonly checked: CheckedImage;
  readonly places: readonly CheckPlace[];
  readonly cleanup: AsyncDisposableStack;
}

function runnersOf(
  context: CommandContext,
  { checked: { stored }, places, cleanup }: RunnersRequest,
): Pick<CheckBaseOptions, 'run' | 'boot'> {
  if (stored === null) return {};
  const { imageStore, image } = stored;
  return {
    ...(places.includes('container') ? { run: cleanup.use(openImageRunner(context, image)) } : {}),
    ...(places.includes('boot') ? { boot: imageBoot(context, imageStore, image.digest) } : {}),
  };
}

function whyNot({ stored }: CheckedImage): Readonly<Record<'container' | 'boot', string>> {
  if (stored === null) {
    const words = 'a directory cannot be run: import it with `ashlar image import`';
    return { container: words, boot: words };
  }
  return {
    container: 'not asked for; --on container does it',
    boot: 'not asked for; --on boot does it',
  };
}

export function imageMissing(): AshlarError {
  return new AshlarError('invalid_request', 'no image was named', {
    hint: 'Name an image, or list the checks with --list.',
  });
}

async function guestOf(
  context: CommandContext,
  { stored }: CheckedImage,
): Promise<SetupOptions['guest']> {
  return stored === null ? null : guestBundle(context.config.home, stored.image.root.config);
}

/** What is in the image comes before what was done with it, and that before this machine. */
const order = ['author', 'caller', 'owner', 'upstream', 'operator', 'platform'] as const;

function exitCodeOf(findings: readonly Finding[]): number {
  const first = order.find((one) => findings.some(({ failure }) => failure?.class === one));
  return first === undefined ? 0 : exitCodeOfClass[first];
}
