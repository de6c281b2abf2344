// Adds packs to an index of chunks, as one of several processes do at once: FILE SEED PACKS. Prints how many it can find.
import { openChunkIndex } from '../../src/chunks/chunk-index.ts';
import type { PackRecord } from '../../src/chunks/pack-format.ts';
import { type Digest, digestOf } from '../../src/digest/digest.ts';

const [file = '', seed = '', packs = '0'] = process.argv.slice(2);
using index = openChunkIndex(file);
const written: Digest[] = [];
for (let pack = 0; pack < Number(packs); pack += 1) {
  const records = Array.from({ length: 100 }, (_, chunk): PackRecord => {
    const digest = digestOf(Buffer.from(`${seed} ${pack} ${chunk}`));
    return { digest, offset: 16 + chunk, storedBytes: 1, plainBytes: 1, codec: 'raw' };
  });
  index.addPack(digestOf(Buffer.from(`${seed} ${pack}`)), records);
  written.push(...records.map((record) => record.digest));
}
const found = written.filter((digest) => index.find(digest) !== undefined);
process.stdout.write(`${found.length}\n`);
