import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AshlarError } from '../../src/errors/ashlar-error.ts';
import { AttemptFailure } from '../../src/upstream/attempt-failure.ts';
import { createTempDir, type TempDir } from '../../src/disk/temp-dir.ts';
import { tmpdir } from 'node:os';
import {
  type BodyCheck,
  type OpenBody,
  startTransfer,
  type Transfer,
  type TransferLimits,
} from '../../src/pull-through/transfer.ts';

const limits: TransferLimits = {
  maxBytes: 1_000_000,
  wholeBytes: 1_000,
  heldMs: 0,
  holdBackBytes: 100,
  totalMs: 60_000,
  minBytesPerSec: 100,
  paceMs: 30_000,
};
const whole = { start: 0, end: Infinity };

let directory: TempDir;
beforeEach(async () => {
  directory = await createTempDir(tmpdir(), 'transfer');
});
afterEach(async () => {
  await directory[Symbol.asyncDispose]();
});

describe('a transfer', () => {
  it('gives a small body to all readers, and only when it is verified', async () => {
    const body = bytesOf(900, 1);
    const gate = Promise.withResolvers<void>();
    const transfer = start(sourceOf([{ body, pauseAt: 500, until: gate.promise }]), checkFor(body));
    const readers = [collect(transfer), collect(transfer), collect(transfer)];
    const early = await Promise.race([...readers, transfer.opened]);
    expect(early).toEqual({ totalBytes: 900 });
    gate.resolve();
    for (const read of await Promise.all(readers)) expect(read.equals(body)).toBe(true);
  });

  it('gives a large body as it comes, but not its end before it is verified', async () => {
    const body = bytesOf(50_000, 2);
    const gate = Promise.withResolvers<void>();
    const transfer = start(
      sourceOf([{ body, pauseAt: 30_000, until: gate.promise }]),
      checkFor(body),
    );
    const pieces = transfer.read(whole)[Symbol.asyncIterator]();
    let seen = 0;
    while (seen < 29_900) seen += (await pieces.next()).value?.length ?? 0;
    expect(seen).toBe(29_900);
    gate.resolve();
    for (let next = await pieces.next(); next.done !== true; next = await pieces.next())
      seen += next.value.length;
    expect(seen).toBe(50_000);
    await transfer.verified;
  });

  it('goes on where a body broke off, when it is the same one', async () => {
    const body = bytesOf(50_000, 3);
    const source = sourceOf([{ body, breakAt: 20_000 }, { body }]);
    const transfer = start(source, checkFor(body));
    expect((await collect(transfer)).equals(body)).toBe(true);
    expect(source.asked.map(({ offset }) => offset)).toEqual([0, 20_000]);
  });

  it('does not give up a body that breaks off again and again, as long as it gets on', async () => {
    const body = bytesOf(50_000, 4);
    const breaks = Array.from({ length: 20 }, (_, index) => ({
      body,
      breakAt: (index + 1) * 2_000,
    }));
    const transfer = start(sourceOf([...breaks, { body }]), checkFor(body));
    expect((await collect(transfer)).equals(body)).toBe(true);
  });

  it('gives up what breaks off at the same place again and again and cannot be resumed', async () => {
    const body = bytesOf(50_000, 14);
    const attempts = Array.from({ length: 20 }, () => ({ body, breakAt: 30_000, validator: null }));
    const source = sourceOf(attempts);
    await expect(collect(start(source, checkFor(body)))).rejects.toMatchObject({
      code: 'registry_unavailable',
    });
    expect(source.asked.length).toBeLessThan(8);
  });

  it('begins anew where the other side cannot resume, and readers notice nothing', async () => {
    const body = bytesOf(50_000, 5);
    const source = sourceOf([{ body, breakAt: 30_000, validator: null }, { body }]);
    const transfer = start(source, checkFor(body));
    expect((await collect(transfer)).equals(body)).toBe(true);
    expect(source.asked.map(({ offset }) => offset)).toEqual([0, 0]);
  });

  it('fetches a wrong body again; who has seen only what was right in it gets the rest', async () => {
    const body = bytesOf(50_000, 6);
    const wrong = Buffer.from(body);
    wrong.writeUInt8((wrong.readUInt8(49_990) + 1) % 256, 49_990);
    const transfer = start(sourceOf([{ body: wrong }, { body }]), checkFor(body));
    expect((await collect(transfer)).equals(body)).toBe(true);
  });

  it('breaks off for who was given wrong bytes, and is right for who comes later', async () => {
    const body = bytesOf(50_000, 7);
    const wrong = Buffer.from(body);
    wrong.writeUInt8((wrong.readUInt8(10) + 1) % 256, 10);
    const gate = Promise.withResolvers<void>();
    const source = sourceOf([{ body: wrong, pauseAt: 40_000, until: gate.promise }, { body }]);
    const transfer = start(source, checkFor(body));
    const held = transfer.hold();
    const early = transfer.read(whole)[Symbol.asyncIterator]();
    await early.next();
    gate.resolve();
    const rest = (async () => {
      for (let next = await early.next(); next.done !== true; next = await early.next());
    })();
    await expect(rest).rejects.toMatchObject({ code: 'registry_corrupt' });
    expect((await collect(transfer)).equals(body)).toBe(true);
    held[Symbol.dispose]();
    await expect.poll(() => readdir(directory.path)).toEqual([]);
  });

  it('gives up what stays wrong, and tells all', async () => {
    const body = bytesOf(500, 8);
    const wrong = bytesOf(500, 9);
    const attempts = Array.from({ length: 10 }, () => ({ body: wrong }));
    const transfer = start(sourceOf(attempts), checkFor(body));
    const outcomes = await Promise.allSettled([
      collect(transfer),
      collect(transfer),
      transfer.verified,
    ]);
    for (const outcome of outcomes) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'registry_corrupt' } });
    }
  });

  it('never gives a short body for the whole', async () => {
    const body = bytesOf(900, 10);
    const source = sourceOf([{ body: body.subarray(0, 400), totalBytes: 900 }, { body }]);
    const transfer = start(source, checkFor(body));
    expect((await collect(transfer)).equals(body)).toBe(true);
    expect(source.asked.map(({ offset }) => offset)).toEqual([0, 400]);
  });

  it.each([
    ['as it says itself', 2_000_000],
    ['as it shows', null],
  ])('refuses a body that is too large, %s', async (_, totalBytes) => {
    const transfer = start(sourceOf([{ body: bytesOf(1_200_000, 11), totalBytes }]), checkNothing);
    await expect(transfer.verified).rejects.toMatchObject({ code: 'registry_body_too_large' });
  });

  it('goes on when all readers have gone', async () => {
    const body = bytesOf(50_000, 12);
    const gate = Promise.withResolvers<void>();
    const transfer = start(
      sourceOf([{ body, pauseAt: 20_000, until: gate.promise }]),
      checkFor(body),
    );
    const leaving = new AbortController();
    const read = collect(transfer, whole, leaving.signal);
    leaving.abort(new Error('gone'));
    await expect(read).rejects.toThrow('gone');
    gate.resolve();
    expect(await transfer.verified).toEqual({ sizeBytes: 50_000 });
    // A moment after the last reader has gone nothing is left behind.
    await expect.poll(() => readdir(directory.path)).toEqual([]);
  });

  it('gives a range, also of what has not come yet', async () => {
    const body = bytesOf(50_000, 13);
    const transfer = start(sourceOf([{ body }]), checkFor(body));
    const range = { start: 12_345, end: 23_456 };
    expect((await collect(transfer, range)).equals(body.subarray(12_345, 23_456))).toBe(true);
  });

  it('asks again for a body that comes too slowly, from where it is', async () => {
    const body = bytesOf(50_000, 15);
    const clock = { now: 0 };
    const slow = { body, onPiece: () => (clock.now += 20_000) };
    const source = sourceOf([slow, { body }]);
    const transfer = start(source, checkFor(body), { clock });
    expect((await collect(transfer)).equals(body)).toBe(true);
    expect(source.asked.map(({ offset }) => offset)).toEqual([0, 1_000]);
  });

  it('gives up a body that never comes faster, although it gets on each time', async () => {
    const body = bytesOf(50_000, 16);
    const clock = { now: 0 };
    const slow = { body, onPiece: () => (clock.now += 20_000) };
    const source = sourceOf([slow, slow, slow, slow, slow]);
    const transfer = start(source, checkFor(body), { clock });
    await expect(transfer.verified).rejects.toMatchObject({ code: 'registry_unavailable' });
    expect(source.asked).toHaveLength(4);
  });

  it('is given up when its time is over, whoever still waits for more of it', async () => {
    const open: OpenBody = async ({ signal }) => ({
      offset: 0,
      totalBytes: null,
      validator: null,
      body: (async function* () {
        yield Buffer.alloc(10);
        await new Promise((_, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason));
        });
      })(),
      discard: async () => {},
    });
    const transfer = start({ open, asked: [] }, checkNothing, { totalMs: 30 });
    await expect(transfer.verified).rejects.toMatchObject({
      code: 'registry_unavailable',
      message: 'the body had not arrived whole after 0.03 s',
    });
    await expect.poll(() => readdir(directory.path)).toEqual([]);
  });

  it('passes on a failure that no repetition mends', async () => {
    const open: OpenBody = async () => {
      throw new AshlarError('package_not_found', 'there is no such thing');
    };
    const transfer = start({ open, asked: [] }, checkNothing);
    await expect(collect(transfer)).rejects.toMatchObject({ code: 'package_not_found' });
    await expect(transfer.opened).rejects.toMatchObject({ code: 'package_not_found' });
  });
});

interface Attempt {
  readonly body: Buffer;
  /** Ends with an error after so many bytes. */
  readonly breakAt?: number;
  readonly pauseAt?: number;
  readonly until?: Promise<void>;
  readonly onPiece?: () => void;
  readonly totalBytes?: number | null;
  readonly validator?: string | null;
}

interface Source {
  readonly open: OpenBody;
  readonly asked: { readonly offset: number; readonly validator: string | null }[];
}

/** Answers each time that it is asked with the next attempt; resumes where the validator is given. */
function sourceOf(attempts: readonly Attempt[]): Source {
  const asked: Source['asked'] = [];
  const open: OpenBody = async (from) => {
    const attempt = attempts[asked.length];
    asked.push(from);
    if (attempt === undefined) throw new Error('asked more often than expected');
    const offset = from.validator === null ? 0 : from.offset;
    const { body, totalBytes = body.length, validator = '"v"' } = attempt;
    return {
      offset,
      totalBytes,
      validator,
      body: piecesOf(attempt, offset),
      discard: async () => {},
    };
  };
  return { open, asked };
}

async function* piecesOf(
  { body, breakAt, pauseAt, until, onPiece }: Attempt,
  offset: number,
): AsyncGenerator<Buffer> {
  for (let at = offset; at < body.length; at += 1_000) {
    if (pauseAt !== undefined && at >= pauseAt) await until;
    if (breakAt !== undefined && at >= breakAt) {
      throw new AttemptFailure('the connection broke', {
        code: 'registry_unavailable',
        isPassing: true,
      });
    }
    onPiece?.();
    yield body.subarray(at, Math.min(at + 1_000, body.length, breakAt ?? Infinity));
  }
}

function start(
  { open }: Source,
  createCheck: () => BodyCheck,
  { clock = { now: 0 }, totalMs = limits.totalMs } = {},
): Transfer {
  return startTransfer({
    subject: 'the body',
    open,
    createCheck,
    limits: { ...limits, totalMs },
    monotonicMs: () => clock.now,
    spool: { directory: directory.path },
    retry: {
      policy: { attempts: 4, baseDelayMs: 1, maxDelayMs: 1, maxRetryAfterMs: 1 },
      waiting: { nowMs: () => 0, sleep: async () => {}, random: () => 0 },
      giveUp: (failure) => new AshlarError(failure.facts.code, failure.message),
    },
  });
}

async function collect(
  transfer: Transfer,
  range: { readonly start: number; readonly end: number } = whole,
  signal?: AbortSignal,
): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of transfer.read(range, signal)) pieces.push(Buffer.from(piece));
  return Buffer.concat(pieces);
}

function checkFor(right: Buffer): () => BodyCheck {
  const expected = createHash('sha256').update(right).digest();
  return () => {
    const hash = createHash('sha256');
    return {
      update: (bytes) => void hash.update(bytes),
      async finish() {
        if (hash.digest().equals(expected)) return;
        throw new AttemptFailure('wrong bytes', { code: 'registry_corrupt', isPassing: true });
      },
    };
  };
}

const checkNothing = (): BodyCheck => ({ update: () => {}, finish: async () => {} });

/** Bytes that differ from place to place and from seed to seed. */
function bytesOf(length: number, seed: number): Buffer {
  const bytes = Buffer.alloc(length);
  let state = seed * 2_654_435_761;
  for (let at = 0; at < length; at += 1) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    bytes[at] = state >>> 24;
  }
  return bytes;
}
