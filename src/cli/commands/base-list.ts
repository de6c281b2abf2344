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
  const rows = json.map(({ release, support, sudo, facts, matrix }) => [
    release,
    `${support.state}${support.until === null ? '' : ` until ${support.until}`}`,
    sudo,
    `${facts.run}/${facts.read}/${facts.unverified}`,
    matrix.length === 0 ? 'never run' : matrix.map(matrixWords).join('; '),
  ]);
  const header = ['RELEASE', 'SUPPORT', 'SUDO', 'RUN/READ/UNVERIFIED', 'MATRIX'];
  const details = json.flatMap(({ release, differs }) => [
    '',
    `${release}:`,
    `  ${differs.length === 0 ? 'as one would expect' : differs.join('; ')}`,
  ]);
  const legend =
    '\nRUN/READ/UNVERIFIED: facts seen when they were run, read in a source, and not verified; `ashlar base show RELEASE` has each with its source.';
  return {
    json: { matrix: report?.startedAt ?? null, releases: json },
    text: [formatTable([header, ...rows]), ...details, legend].join('\n'),
  };
}

type Described = {
  readonly release: string;
  readonly title: string;
  readonly support: {
    readonly state: string;
    readonly until: string | null;
    readonly archive: string;
  };
  readonly sudo: string;
  readonly differs: string[];
  readonly facts: { readonly run: number; readonly read: number; readonly unverified: number };
  readonly matrix: MatrixResult[];
};

function describe(release: Release, report: LastMatrix | null): Described {
  const { id, title, support, sudo } = release;
  const { provider, version } = sudo.engine.value;
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
    sudo: `${provider} ${version ?? ''}`.trim(),
    differs: [...whatDiffers(release)],
    facts: { run: count('run'), read: count('read'), unverified: count('no') },
    matrix: [...(report?.resultsOf(id) ?? [])],
  };
}

function matrixWords({ kind, outcome, checks, problems }: MatrixResult): string {
  if (outcome === 'not-run') return `${kind}: not run`;
  return `${kind}: ${checks} checks, ${problems === 0 ? 'as expected' : `${problems} problems`}`;
}
