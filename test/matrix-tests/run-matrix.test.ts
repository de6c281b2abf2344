import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { MatrixProgress } from '../../matrix-tests/matrix-context.ts';
import { matrixReportSchema } from '../../matrix-tests/report/matrix-report.ts';
import type { Row } from '../../matrix-tests/row/row.ts';
import { runMatrix } from '../../matrix-tests/run-matrix.ts';
import { scratchDir } from '../support/scratch.ts';
import { type Answers, failureOf, madeAshlar } from './support/made-ashlar.ts';

const scratch = scratchDir('matrix');
let runs = 0;

const passing = {
  check: 'sudoers-parses',
  title: 'no line locks everybody out',
  on: 'tree',
  status: 'passed',
  evidence: ['it holds'],
  reason: null,
  failure: null,
};

const setUp = { digest: 'set-up', changes: [{ path: '/etc/sudoers.d/zz-ashlar' }], notes: [] };

const fine: Answers = {
  'image import': { digest: 'base' },
  'base check': { findings: [passing] },
  'base setup': setUp,
  'base setup one:set-up --undo': { digest: 'base', left: [] },
};

function rowOf(over: Partial<Row> = {}): Row {
  return {
    id: 'one',
    title: 'One',
    kind: 'real',
    source: 'made for a test',
    release: 'ubuntu-18.04',
    on: ['tree', 'container', 'boot'],
    setup: [],
    expects: { before: [], after: [], holds: [] },
    prepare: async () => ({ reference: 'tar:one.tar', detail: 'today' }),
    ...over,
  };
}

async function run(rows: readonly Row[], answers: Answers, signal = new AbortController().signal) {
  const tempDir = join(scratch, String((runs += 1)));
  mkdirSync(tempDir);
  const ashlar = madeAshlar(answers);
  const events: MatrixProgress[] = [];
  const report = await runMatrix({
    rows,
    ashlar,
    tempDir,
    on: ['tree', 'container'],
    checks: [],
    version: '0.1.0',
    signal,
    onProgress: (event) => void events.push(event),
  });
  expect(matrixReportSchema.parse(JSON.parse(JSON.stringify(report)))).toEqual(report);
  return { report, row: report.rows[0], calls: ashlar.calls, events, tempDir };
}

describe('a run of the matrix', () => {
  it('imports, checks, sets up, checks, sets up again and undoes, by commands alone', async () => {
    const { row, calls, tempDir } = await run([rowOf()], fine);
    expect(row).toMatchObject({
      outcome: 'as-expected',
      problems: [],
      source: 'made for a test; today',
    });
    expect(calls).toEqual([
      'image import tar:one.tar -t one:base --disk 4G',
      'base check one:base --on tree',
      'base setup one:base -t one:set-up',
      'base check one:set-up --on tree,container',
      'base setup one:set-up -t one:again',
      'base setup one:set-up --undo -t one:undone',
    ]);
    expect(readdirSync(tempDir)).toEqual([]);
  });

  it('asks the first setup alone for what the row asks for: it has to stay', async () => {
    const { calls } = await run([rowOf({ setup: ['--user', 'dev'] })], fine);
    expect(calls.filter((line) => line.startsWith('base setup'))).toEqual([
      'base setup one:base -t one:set-up --user dev',
      'base setup one:set-up -t one:again',
      'base setup one:set-up --undo -t one:undone',
    ]);
  });

  it('looks at the files alone where the programs of a row cannot be run', async () => {
    const { calls } = await run([rowOf({ on: ['tree'] })], fine);
    expect(calls).toContain('base check one:set-up --on tree');
  });

  it('shows a row whose image cannot be had as not run, with the reason, and the others as they are', async () => {
    const missing = rowOf({
      id: 'two',
      prepare: async () => ({ missing: 'mmdebstrap is not installed' }),
    });
    const { report } = await run([missing, rowOf()], fine);
    expect(report.rows).toMatchObject([
      {
        id: 'two',
        outcome: 'not-run',
        reason: 'mmdebstrap is not installed',
        cells: [],
        problems: [],
        digest: null,
      },
      { id: 'one', outcome: 'as-expected' },
    ]);
    expect(report.rows[0]?.steps).toMatchObject([{ name: 'prepare', status: 'not-run' }]);
  });

  it('shows a registry that does not answer as not run, and a fault of the command as a problem', async () => {
    const out = await run([rowOf()], {
      ...fine,
      'image import': failureOf({ class: 'upstream', message: 'no address' }),
    });
    expect(out.row).toMatchObject({ outcome: 'not-run', reason: 'no address', cells: [] });
    const later = await run([rowOf()], {
      ...fine,
      'base check': failureOf({ class: 'upstream', message: 'no address' }),
    });
    expect(later.row?.outcome).toBe('problems');
    const fault = await run([rowOf()], { ...fine, 'image import': failureOf({}) });
    expect(fault.row).toMatchObject({
      outcome: 'problems',
      problems: ['import: it failed (internal) Mend it.'],
    });
  });

  it('keeps what was found before a step that fails', async () => {
    const { row } = await run([rowOf()], {
      ...fine,
      'base setup': failureOf({ code: 'setup_refused', class: 'caller', message: 'no place' }),
    });
    expect(row).toMatchObject({
      outcome: 'problems',
      problems: ['setup: no place (setup_refused) Mend it.'],
      cells: [{ check: 'sudoers-parses', verdict: 'passed', after: null }],
    });
  });

  it('says what a second setup changes', async () => {
    const { row } = await run([rowOf()], {
      ...fine,
      'base setup one:set-up -t': { ...setUp, digest: 'another' },
    });
    expect(row?.problems).toEqual([
      'setup-again: a second setup gives another image, another: /etc/sudoers.d/zz-ashlar',
    ]);
  });

  it('says what undoing leaves behind, and takes another digest of the same tree', async () => {
    const undo = { digest: 'undone', left: [{ path: '/etc/hosts', why: 'it was changed since' }] };
    const other = { ...fine, 'base setup one:set-up --undo': undo };
    const left = await run([rowOf()], {
      ...other,
      'image diff': { files: [{ change: 'content', path: '/etc/hosts' }] },
    });
    expect(left.row?.problems).toEqual([
      'undo: undo does not give the tree back: content /etc/hosts; /etc/hosts stays: it was changed since',
    ]);
    const same = await run([rowOf()], {
      ...fine,
      'base setup one:set-up --undo': { digest: 'undone', left: [] },
      'image diff': { files: [] },
    });
    expect(same.row?.outcome).toBe('as-expected');
  });

  it('ends when it is interrupted: no further row is begun, and nothing of the others is left', async () => {
    const interrupt = new AbortController();
    const begun: string[] = [];
    const rows = Array.from({ length: 40 }, (_, index) =>
      rowOf({
        id: `row-${index}`,
        prepare: async () => {
          begun.push(`row-${index}`);
          interrupt.abort(new Error('enough'));
          // As streams do.
          throw new DOMException('The operation was aborted', 'AbortError');
        },
      }),
    );
    await expect(run(rows, fine, interrupt.signal)).rejects.toThrow('enough');
    expect(begun.length).toBeLessThan(10);
    const directory = join(scratch, String(runs));
    expect(existsSync(directory) ? readdirSync(directory) : []).toEqual([]);
  });
});
