/**
 * Cuts a zstd stream at the ends of its frames, so that no buffer spans two frames (RFC 8878, section 3.1).
 *
 * Node's decoder (v24) drops, without an error, what follows the end of a frame in the same write; it goes on
 * rightly when the next frame comes in the next write. Layers of many frames are common (zstd:chunked, pzstd).
 *
 * `fail` makes the failure from a phrase that follows the name of the stream; it is thrown when something else
 * than a frame begins, or when the stream ends within a frame.
 */
export async function* zstdFrameAligned(
  source: AsyncIterable<Buffer>,
  fail: (problem: string) => Error,
): AsyncGenerator<Buffer, void, undefined> {
  const walk = startWalk(fail);
  for await (const chunk of source) {
    let start = 0;
    while (start < chunk.length) {
      const end = advance(walk, chunk, start);
      yield chunk.subarray(start, end);
      start = end;
    }
  }
  if (walk.phase !== 'magic' || walk.fieldBytes > 0) {
    throw fail(`ends early, within a zstd frame, at compressed offset ${walk.offset}`);
  }
}

/** Parts whose bytes are looked at, and parts that are passed over. */
type Field = 'magic' | 'skippable size' | 'frame descriptor' | 'block header';
type Skipped = 'frame header' | 'block' | 'last block' | 'skippable data';

interface Walk {
  readonly fail: (problem: string) => Error;
  /** Of the whole stream. */
  offset: number;
  phase: Field | Skipped;
  /** The bytes of the field that have come so far. */
  readonly field: Buffer;
  fieldBytes: number;
  skipBytes: number;
  hasChecksum: boolean;
}

const frameMagic = 0xfd2fb528;
const skippableMagic = 0x184d2a50;
const fieldSizes: Readonly<Record<Field, number>> = {
  magic: 4,
  'skippable size': 4,
  'frame descriptor': 1,
  'block header': 3,
};

function startWalk(fail: (problem: string) => Error): Walk {
  const field = Buffer.alloc(4);
  const counts = { offset: 0, fieldBytes: 0, skipBytes: 0 };
  return { fail, field, phase: 'magic', hasChecksum: false, ...counts };
}

/** Walks on from `start`; gives where the frame ends, or the chunk's length when it does not end there. */
function advance(walk: Walk, chunk: Buffer, start: number): number {
  let at = start;
  while (at < chunk.length) {
    if (isField(walk.phase)) {
      walk.field[walk.fieldBytes] = chunk[at] ?? 0;
      walk.fieldBytes += 1;
      walk.offset += 1;
      at += 1;
      if (walk.fieldBytes === fieldSizes[walk.phase]) onField(walk, walk.phase);
    } else {
      const step = Math.min(walk.skipBytes, chunk.length - at);
      walk.skipBytes -= step;
      walk.offset += step;
      at += step;
    }
    if (!isField(walk.phase) && walk.skipBytes === 0 && endsFrame(walk)) return at;
  }
  return at;
}

function isField(phase: Field | Skipped): phase is Field {
  return Object.hasOwn(fieldSizes, phase);
}

/** Goes on behind a part that was passed over; true when it was the last of its frame. */
function endsFrame(walk: Walk): boolean {
  const isOver = walk.phase === 'last block' || walk.phase === 'skippable data';
  collect(walk, isOver ? 'magic' : 'block header');
  return isOver;
}

function onField(walk: Walk, phase: Field): void {
  switch (phase) {
    case 'magic':
      return onMagic(walk);
    case 'skippable size':
      return skip(walk, 'skippable data', walk.field.readUInt32LE(0));
    case 'frame descriptor':
      return onDescriptor(walk);
    case 'block header':
      return onBlockHeader(walk);
  }
}

function onMagic(walk: Walk): void {
  const magic = walk.field.readUInt32LE(0);
  if (magic === frameMagic) collect(walk, 'frame descriptor');
  else if ((magic & 0xfffffff0) >>> 0 === skippableMagic) collect(walk, 'skippable size');
  else throw walk.fail(`has something else than a zstd frame at offset ${walk.offset - 4}`);
}

/** Section 3.1.1.1: what follows is window descriptor, dictionary ID and content size. */
function onDescriptor(walk: Walk): void {
  const descriptor = walk.field.readUInt8(0);
  walk.hasChecksum = (descriptor & 4) !== 0;
  const isSingleSegment = (descriptor & 0x20) !== 0;
  const sizeFlag = descriptor >> 6;
  const dictionaryBytes = [0, 1, 2, 4][descriptor & 3] ?? 0;
  const sizeBytes = sizeFlag === 0 ? (isSingleSegment ? 1 : 0) : 2 ** sizeFlag;
  skip(walk, 'frame header', (isSingleSegment ? 0 : 1) + dictionaryBytes + sizeBytes);
}

/** Section 3.1.1.2: raw and compressed blocks have their size, a run one byte; type 3 is reserved. */
function onBlockHeader(walk: Walk): void {
  const header = walk.field.readUIntLE(0, 3);
  const type = (header >> 1) & 3;
  if (type === 3) throw walk.fail(`has a damaged zstd block at offset ${walk.offset - 3}`);
  const bytes = type === 1 ? 1 : header >> 3;
  if ((header & 1) === 0) skip(walk, 'block', bytes);
  else skip(walk, 'last block', bytes + (walk.hasChecksum ? 4 : 0));
}

function collect(walk: Walk, phase: Field): void {
  walk.phase = phase;
  walk.fieldBytes = 0;
}

function skip(walk: Walk, phase: Skipped, bytes: number): void {
  walk.phase = phase;
  walk.skipBytes = bytes;
}
