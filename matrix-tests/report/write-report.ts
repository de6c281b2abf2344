import { htmlReport } from './html/html-report.ts';
import { junitReport } from './junit.ts';
import { type MatrixReport, matrixReportSchema } from './matrix-report.ts';

export const reportForms = ['html', 'json', 'junit'] as const;

export type ReportForm = (typeof reportForms)[number];

/** The report as a document: HTML in one file without network, JSON as `matrixReportSchema` says, or JUnit's XML. */
export function writeReport(report: MatrixReport, form: ReportForm): string {
  switch (form) {
    case 'html':
      return htmlReport(report);
    case 'json':
      return `${JSON.stringify(report, null, 2)}\n`;
    case 'junit':
      return junitReport(report);
  }
}

/** A report that was written as JSON; null for anything else. */
export function readReport(text: string): MatrixReport | null {
  try {
    return matrixReportSchema.safeParse(JSON.parse(text)).data ?? null;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return null;
  }
}
