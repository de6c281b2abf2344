/** What `ashlar base check --output json` prints, as far as tests read it. */
export interface CheckDocument {
  readonly exitCode: number;
  readonly document: {
    readonly image: string | null;
    readonly base: { readonly release: string | null; readonly title: string };
    readonly counts: Readonly<Record<'passed' | 'failed' | 'notApplicable' | 'notRun', number>>;
    readonly findings: readonly CheckedFinding[];
  };
}

export interface CheckedFinding {
  readonly check: string;
  readonly on: string;
  readonly status: string;
  readonly evidence: readonly string[];
  readonly reason: string | null;
  readonly failure: {
    readonly code: string;
    readonly class: string;
    readonly why: string;
    readonly mend: string;
    readonly place: { readonly path: string; readonly line: number | null } | null;
  } | null;
}

export function findingIn({ findings }: CheckDocument['document'], check: string): CheckedFinding {
  const found = findings.find((finding) => finding.check === check);
  if (found === undefined) throw new Error(`there is no finding of ${check}`);
  return found;
}
