import { describe, expect, it } from 'vitest';
import { createLedger, type Ledger, type LedgerSummary } from '../../src/ledger/ledger.ts';

/** A ledger on a clock that goes on by what `spend` is told. */
function clocked(startMs?: number): { ledger: Ledger; spend: (ms: number) => Promise<void> } {
  let nowMs = 1000;
  const ledger = createLedger(() => nowMs, startMs);
  const spend = async (ms: number): Promise<void> => {
    nowMs += ms;
  };
  return { ledger, spend };
}

function linesOf({ entries }: LedgerSummary): string[] {
  return entries.map(
    ({ kind, subject, part, startMs, durationMs, ownMs }) =>
      `${kind} ${subject} of ${part}: ${startMs} + ${durationMs}, own ${ownMs}`,
  );
}

describe('a ledger', () => {
  it('tells what it was spent for, when and for how long, and what nothing explains', async () => {
    const { ledger, spend } = clocked();
    await spend(5);
    await ledger.span('unpack', 'layer 1', () => spend(20));
    await ledger.span('unpack', 'layer 2', () => spend(30));
    await ledger.span('layout', 'image', () => spend(10));
    await spend(15);
    const summary = ledger.summary();
    expect(linesOf(summary)).toEqual([
      'unpack layer 1 of null: 5 + 20, own 20',
      'unpack layer 2 of null: 25 + 30, own 30',
      'layout image of null: 55 + 10, own 10',
    ]);
    expect(summary).toMatchObject({
      wallMs: 80,
      byKind: { unpack: 50, layout: 10 },
      unexplainedMs: 20,
    });
  });

  it('counts what lies within a span once, also when it was measured elsewhere', async () => {
    const { ledger, spend } = clocked();
    await ledger.span('unpack', 'layer', async () => {
      await spend(10);
      await ledger.span('registry', 'blob', () => spend(20));
      await spend(5);
      const startMs = ledger.nowMs();
      await spend(7);
      ledger.add('compress', 'chunks', { startMs, durationMs: 7 });
      await ledger.span('tree', 'nothing', async () => {});
      await spend(3);
      ledger.add('compress', 'chunks', { startMs: startMs + 7, durationMs: 3 });
    });
    ledger.add('compress', 'chunks', { startMs: ledger.nowMs(), durationMs: 0 });
    const summary = ledger.summary();
    expect(linesOf(summary)).toEqual([
      'unpack layer of null: 0 + 45, own 15',
      'registry blob of null: 10 + 20, own 20',
      'compress chunks of null: 35 + 10, own 10',
      'tree nothing of null: 42 + 0, own 0',
      'compress chunks of null: 45 + 0, own 0',
    ]);
    expect(summary).toMatchObject({
      wallMs: 45,
      byKind: { unpack: 15, registry: 20, compress: 10 },
      unexplainedMs: 0,
    });
  });

  it('names the part of the work that an entry belongs to, also after a failure', async () => {
    const { ledger, spend } = clocked();
    const failing = ledger.part('line 2: RUN false', () =>
      ledger.span('exec', 'command', async () => {
        await spend(4);
        throw new Error('it fails');
      }),
    );
    await expect(failing).rejects.toThrow('it fails');
    await ledger.part('line 3: COPY a /', () =>
      ledger.part('within', () => ledger.span('unpack', 'files', () => spend(2))),
    );
    await ledger.span('cleanup', 'rest', () => spend(1));
    expect(linesOf(ledger.summary())).toEqual([
      'exec command of line 2: RUN false: 0 + 4, own 4',
      'unpack files of within: 4 + 2, own 2',
      'cleanup rest of null: 6 + 1, own 1',
    ]);
  });

  it('may have begun before it was made', async () => {
    const { ledger, spend } = clocked(600);
    ledger.add('start', 'program', { startMs: 600, durationMs: 400 });
    await spend(50);
    const summary = ledger.summary();
    expect(linesOf(summary)).toEqual(['start program of null: 0 + 400, own 400']);
    expect(summary).toMatchObject({ wallMs: 450, unexplainedMs: 50 });
  });

  it('explains no more than there was when entries overlap', async () => {
    const { ledger, spend } = clocked();
    await ledger.span('unpack', 'layer', async () => {
      await spend(10);
      for (const subject of ['one', 'two'])
        ledger.add('registry', subject, { startMs: 1000, durationMs: 9 });
    });
    expect(ledger.summary()).toMatchObject({ wallMs: 10, unexplainedMs: 0 });
    expect(linesOf(ledger.summary())[0]).toBe('unpack layer of null: 0 + 10, own 0');
  });
});
