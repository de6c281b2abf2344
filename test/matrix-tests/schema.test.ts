import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { matrixReportSchema } from '../../matrix-tests/report/matrix-report.ts';
import { readReport, writeReport } from '../../matrix-tests/report/write-report.ts';
import { madeReport, madeRow, missingRow } from './support/made-report.ts';

const file = join(import.meta.dirname, '../../matrix-tests/report/matrix-report.schema.json');

describe('the JSON report', () => {
  it('is what its schema says', () => {
    const report = madeReport([madeRow(), missingRow]);
    expect(matrixReportSchema.strict().parse(JSON.parse(writeReport(report, 'json')))).toEqual(
      report,
    );
  });

  it('is read again, and nothing else is', () => {
    const report = madeReport([madeRow(), missingRow]);
    expect(readReport(writeReport(report, 'json'))).toEqual(report);
    for (const text of [
      '',
      '{',
      '[]',
      JSON.stringify({ ...report, format: 'ashlar-matrix-report-0' }),
    ])
      expect(readReport(text)).toBeNull();
  });

  it('has its schema in a file, with words for what is not plain', () => {
    const schema: unknown = JSON.parse(readFileSync(file, 'utf8'));
    expect(schema).toEqual(z.toJSONSchema(matrixReportSchema));
    expect(JSON.stringify(schema)).toContain('could not be looked at');
  });
});
