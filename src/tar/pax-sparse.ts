import type { BytePath } from '../bytes/byte-path.ts';
import { type PaxField, paxNumber } from './pax-number.ts';
import { addRun, type DataRun } from './sparse-map.ts';
import { invalidTar, type TarPlace } from './tar-place.ts';

/** What GNU.sparse.* records say, as they come. GNU tar manual, "Storing Sparse Files", "PAX Format, Versions ...". */
export interface PaxSparse {
  readonly numbers: Map<string, number>;
  name: BytePath | undefined;
  /** Of the records `offset` and `numbytes` (version 0.0) or `map` (0.1). */
  readonly runs: DataRun[];
  /** An `offset` that still lacks its `numbytes`. */
  openOffset: number | undefined;
  kind: 'none' | 'pairs' | 'map';
}

/** A sparse file as its extended header describes it. `runs` is undefined when the map stands before the data (1.0). */
export interface PaxSparsePlan {
  readonly sizeBytes: number;
  readonly name: BytePath | undefined;
  readonly runs: readonly DataRun[] | undefined;
}

export function createPaxSparse(): PaxSparse {
  return { numbers: new Map(), name: undefined, runs: [], openOffset: undefined, kind: 'none' };
}

/** Takes one GNU.sparse.* record. */
export function addSparseRecord(sparse: PaxSparse, text: string, field: PaxField): void {
  const name = field.keyword.slice('GNU.sparse.'.length);
  if (name === 'name') sparse.name = text || undefined;
  else if (name === 'map') readMap(sparse, text, field);
  else {
    const value = paxNumber(text, Number.MAX_SAFE_INTEGER, field);
    if (name === 'offset' || name === 'numbytes') addHalfRun(sparse, name, value, field);
    else sparse.numbers.set(name, value);
  }
}

/** Makes sense of the records of one header; throws `layer_invalid` when they make none. */
export function planPaxSparse(sparse: PaxSparse, place: TarPlace): PaxSparsePlan {
  const { numbers, name, runs, kind } = sparse;
  const realSize = numbers.get('realsize');
  const major = numbers.get('major') ?? 0;
  const minor = numbers.get('minor') ?? (kind === 'map' ? 1 : 0);
  if (major === 1 && minor === 0 && kind === 'none' && realSize !== undefined) {
    return { sizeBytes: realSize, name, runs: undefined };
  }
  const sizeBytes = numbers.get('size') ?? realSize;
  const count = numbers.get('numblocks') ?? runs.length;
  const isWhole = sparse.openOffset === undefined && count === runs.length;
  const isVersion0 = major === 0 && (minor === 0 || minor === 1);
  if (!isVersion0 || !isWhole || sizeBytes === undefined) {
    throw invalidTar(place, 'its GNU.sparse records are incomplete, or of an unknown version');
  }
  return { sizeBytes, name, runs };
}

function readMap(sparse: PaxSparse, text: string, field: PaxField): void {
  if (sparse.kind !== 'none') throw mixedMaps(field);
  sparse.kind = 'map';
  if (text === '') return;
  const numbers = text.split(',');
  if (numbers.length % 2 !== 0) throw invalidTar(field.place, `${field.keyword} ends in mid-pair`);
  for (let at = 0; at < numbers.length; at += 2) {
    const offset = paxNumber(numbers[at] ?? '', Number.MAX_SAFE_INTEGER, field);
    const sizeBytes = paxNumber(numbers[at + 1] ?? '', Number.MAX_SAFE_INTEGER, field);
    addRun(sparse.runs, { offset, sizeBytes }, field);
  }
}

function addHalfRun(
  sparse: PaxSparse,
  half: 'offset' | 'numbytes',
  value: number,
  field: PaxField,
): void {
  if (sparse.kind === 'map') throw mixedMaps(field);
  sparse.kind = 'pairs';
  if (half === 'offset') {
    if (sparse.openOffset !== undefined) throw mixedMaps(field);
    sparse.openOffset = value;
  } else {
    if (sparse.openOffset === undefined) throw mixedMaps(field);
    addRun(sparse.runs, { offset: sparse.openOffset, sizeBytes: value }, field);
    sparse.openOffset = undefined;
  }
}

function mixedMaps({ keyword, place }: PaxField): Error {
  return invalidTar(place, `${keyword} is out of order among the records of the sparse map`);
}
