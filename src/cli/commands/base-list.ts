import { listFacts, loadReleases, type Release } from '../../../base-images/index.ts';
import type { CommandContext } from '../command-context.ts';
import { type LastMatrix, type MatrixResult, readLastMatrix } from '../last-matrix.ts';
import { type CommandResult, formatTable } from '../terminal.ts';
import { whatDiffers } from '../what-differs.ts';

/** `ashlar base ls`: every release that is known, what to know of it, and how sure that is. */
export async function baseList(context: CommandContext): Promise<CommandResult> {
  const releases = await loadReleases();
  const report = await readLastMatrix(context.config.home);
  const json = releases.map((release) => describe(release, report));
  const rows = json.map(({ release, support, sudo, source, facts, matrix }) => [
    release,
    supportWords(support),
    sudo,
    source ?? 'not published',
    `${facts.run}/${facts.read}/${facts.unverified}`,
    matrix.length === 0 ? 'never run' : matrix.map(matrixWords).join('; '),
  ]);
  const header = ['RELEASE', 'SUPPORT', 'SUDO', 'SOURCE', 'RUN/READ/UNVERIFIED', 'MATRIX'];
  const details = json.flatMap(({ release, differs }) => [
    '',
    `${release}:`,
    `  ${differs.length === 0 ? 'as one would expect' : differs.join('; ')}`,
  ]);
  const legend =
    '\nSOURCE: the published image. RUN/READ/UNVERIFIED: facts seen when they were run, read in a source, and not verified; `ashlar base show RELEASE` has each with its source.';
  return {
    json: { matrix: report?.startedAt ?? null, releases: json },
    text: [formatTable([header, ...rows]), ...details, legend].join('\n'),
  };
}

type Described = {
  readonly release: string;
  readonly title: string;
  readonly support: Support;
  /** Name of the published image; null where there is none. */
  readonly source: string | null;
  readonly sudo: string;
  /** What `sudo` starts, with what the package recommends and without. */
  readonly engines: { readonly installed: Engine; readonly withoutRecommends: Engine };
  readonly sudoers: { readonly reconstructed: boolean };
  /** The file that names its sources, and the archive in it where that is recorded. */
  readonly apt: { readonly sources: string; readonly archive: string | null };
  readonly differs: string[];
  readonly facts: { readonly run: number; readonly read: number; readonly unverified: number };
  readonly matrix: MatrixResult[];
};

type Support = {
  readonly state: Release['support']['state'];
  readonly until: string | null;
  readonly archive: string;
};

type Engine = { readonly provider: string; readonly version: string | null };

function describe(release: Release, report: LastMatrix | null): Described {
  const { id, title, support, image, sudo, sudoers, apt } = release;
  const engines = {
    installed: { ...sudo.engine.value },
    withoutRecommends: { ...sudo.engineWithoutRecommends.value },
  };
  const { provider, version } = engines.installed;
  const facts = listFacts(release);
  const count = (verified: string): number =>
    facts.filter(({ fact }) => fact.verified === verified).length;
  return {
    release: id,
    title,
    support: {
      state: support.state,
      until: support.until.value,
      archive: support.archive.value,
    },
    source: image.reference.value,
    sudo: `${provider} ${version ?? ''}`.trim(),
    engines,
    sudoers: { reconstructed: sudoers.reconstructed },
    apt: { sources: apt.sources.value.file, archive: apt.archiveUri.value },
    differs: [...whatDiffers(release)],
    facts: { run: count('run'), read: count('read'), unverified: count('no') },
    matrix: [...(report?.resultsOf(id) ?? [])],
  };
}

/** The day on which updates ended, or will. */
function supportWords({ state, until }: Support): string {
  if (until === null || state === 'development') return state;
  if (state === 'supported') return `${state} until ${until}`;
  return state === 'frozen' ? `frozen, updates ended ${until}` : `ended ${until}`;
}

function matrixWords({ kind, outcome, checks, problems }: MatrixResult): string {
  if (outcome === 'not-run') return `${kind}: not run`;
  return `${kind}: ${checks} checks, ${problems === 0 ? 'as expected' : `${problems} problems`}`;
}
