import type { Finding, FindingFailure, FindingStatus } from '../../base-images/index.ts';
import { toDisplay } from '../bytes/byte-path.ts';
import type { ErrorClass } from '../errors/catalogue.ts';
import type { Json } from '../image/canonical-json.ts';
import { formatTable } from './terminal.ts';

const statusWords: Readonly<Record<FindingStatus, string>> = {
  passed: 'passed',
  failed: 'FAILED',
  'not-applicable': 'not applicable',
  'not-run': 'not run',
};

const whoActs: Readonly<Record<ErrorClass, string>> = {
  author: 'the author of the image or its Dockerfile (author)',
  caller: 'whoever gave this command (caller)',
  owner: 'the owner of the quota or policy (owner)',
  upstream: 'a service outside (upstream)',
  operator: 'the operator of this installation (operator)',
  platform: 'the makers of Ashlar (platform)',
};

const shownCharacters = 100;

/** A grid of all checks, then each failure with what was seen, why it matters, who acts and the mend. */
export function formatFindings(title: string, findings: readonly Finding[]): string {
  const rows = findings.map(({ check, on, status, evidence, reason }) => [
    statusWords[status],
    check,
    on,
    cut(reason ?? evidence[0] ?? ''),
  ]);
  const failures = findings.flatMap((finding) => describeFailure(finding));
  return printable([title, formatTable(rows), ...failures, summaryOf(findings)].join('\n'));
}

function describeFailure({ check, title, evidence, failure }: Finding): readonly string[] {
  if (failure === null) return [];
  const [first = '', ...others] = evidence;
  return [
    '',
    `FAILED ${check}: ${title}`,
    `  ${first}`,
    ...others.map((line) => `    ${line}`),
    `  why: ${failure.why}`,
    `  code: ${failure.code}; to act: ${whoActs[failure.class]}`,
    `  mend: ${failure.mend}`,
  ];
}

function summaryOf(findings: readonly Finding[]): string {
  const counts = countsOf(findings);
  const failed = counts.failed === 0 ? 'nothing failed' : `${counts.failed} failed`;
  const words = [
    failed,
    `${counts.passed} passed`,
    `${counts.notApplicable} not applicable`,
    `${counts.notRun} not run`,
  ];
  return `\n${words.join(', ')}`;
}

function countsOf(findings: readonly Finding[]): {
  passed: number;
  failed: number;
  notApplicable: number;
  notRun: number;
} {
  const count = (status: FindingStatus): number =>
    findings.filter((finding) => finding.status === status).length;
  return {
    passed: count('passed'),
    failed: count('failed'),
    notApplicable: count('not-applicable'),
    notRun: count('not-run'),
  };
}

export function findingsJson(findings: readonly Finding[]): { readonly [key: string]: Json } {
  return {
    counts: countsOf(findings),
    findings: findings.map(({ failure, ...finding }) => ({
      ...finding,
      evidence: [...finding.evidence],
      failure:
        failure === null
          ? null
          : {
              code: failure.code,
              class: failure.class,
              why: failure.why,
              mend: failure.mend,
              place: placeJson(failure.place),
            },
    })),
  };
}

function placeJson(place: FindingFailure['place']): Json {
  if (place === null) return null;
  return { path: `/${toDisplay(place.path.replace(/^\/+/, ''))}`, line: place.line };
}

/** Names and versions are the image's own: none of them may steer the terminal. */
function printable(text: string): string {
  return text.replaceAll(/(?!\n)\p{Cc}/gu, '\uFFFD');
}

function cut(text: string): string {
  return text.length > shownCharacters ? `${text.slice(0, shownCharacters - 3)}...` : text;
}
