import { AshlarError } from '../errors/ashlar-error.ts';
import { pieceLength } from '../flow/shared-reads.ts';
import type { ByteRange, TransferPlan } from './transfer.ts';
import type { SharedSpool, TransferState } from './transfer-state.ts';

const pieceBytes = 256 * 1024;

/** The bytes of a range as they come, and as far as they may be given out. */
export async function* followBody(
  plan: TransferPlan,
  state: TransferState,
  { range, signal }: { range: ByteRange; signal: AbortSignal | undefined },
): AsyncGenerator<Buffer> {
  let source = state.spool;
  let held = source.hold();
  let position = range.start;
  try {
    for (;;) {
      const change = state.changed.next();
      if (state.outcome?.kind === 'failed') throw state.outcome.error;
      const isVerified = state.outcome !== null;
      const end = Math.min(range.end, readableBytes(plan, state));
      if (state.spool !== source && (position <= end || isVerified)) {
        const given = { spool: source, held };
        source = state.spool;
        held = source.hold();
        const isSame = await isAlike(given, source, { start: range.start, end: position });
        if (!isSame) throw wrongBytes(plan);
      } else if (position < end && state.spool === source) {
        const bytes = await source.read(
          position,
          pieceLength({ offset: position, end }, pieceBytes),
        );
        position += bytes.length;
        yield bytes;
      } else if (isVerified || position >= range.end) return;
      else await change(signal);
    }
  } finally {
    held[Symbol.dispose]();
  }
}

/** Before the end is verified: nothing of what may be small, and all but the end of what is large. */
function readableBytes(
  { limits }: TransferPlan,
  { spool, totalBytes, outcome, arrivals }: TransferState,
): number {
  const sizeBytes = spool.sizeBytes();
  if (outcome !== null) return sizeBytes;
  if ((totalBytes ?? sizeBytes) <= limits.wholeBytes) return 0;
  return Math.max(0, Math.min(arrivals.settledBytes(), sizeBytes - limits.holdBackBytes));
}

/** Whether a body that was fetched anew has the bytes that a reader was given already; lets go of those. */
async function isAlike(
  given: { readonly spool: SharedSpool; readonly held: Disposable },
  anew: SharedSpool,
  { start, end }: ByteRange,
): Promise<boolean> {
  using stack = new DisposableStack();
  stack.use(given.held);
  if (anew.sizeBytes() < end) return false;
  for (let offset = start; offset < end;) {
    const lengthBytes = Math.min(pieceBytes, end - offset);
    const one = await given.spool.read(offset, lengthBytes);
    const other = await anew.read(offset, one.length);
    if (!other.equals(one.subarray(0, other.length))) return false;
    offset += other.length;
  }
  return true;
}

function wrongBytes({ subject }: TransferPlan): AshlarError {
  return new AshlarError(
    'registry_corrupt',
    `${subject} arrived with wrong bytes, some of which were passed on before that showed`,
  );
}
