import { createWriteStream, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { describe, expect, it } from 'vitest';
import { gzipSync } from 'node:zlib';
import { encodeEntryHeader } from '../../tar/support/write-header.ts';
import { scratchDir } from '../../support/scratch.ts';
import { ashlar } from './support/ashlar-cli.ts';
import { startRun } from './support/import-layers.ts';
import { file } from './support/layer-records.ts';
import { outcomeOf, refusal } from './support/refused.ts';

const mib = 1024 ** 2;
const gib = 1024 ** 3;
const compressed = (bytes: Buffer): Buffer => gzipSync(bytes, { level: 1 });
const zeros = compressed(Buffer.alloc(16 * mib));
const end = compressed(Buffer.alloc(1024));
const headerOf = (path: string, sizeBytes: number): Buffer =>
  encodeEntryHeader(file(path, '', { sizeBytes }).entry);

/** A tar of gzip members, each of which can be there many times. */
async function writeBomb(path: string, members: Iterable<Buffer>): Promise<string> {
  await pipeline(Readable.from(members), createWriteStream(path));
  return `tar:${path}`;
}

function* times(count: number, member: Buffer): Iterable<Buffer> {
  for (let number = 0; number < count; number += 1) yield member;
}

const hostile = 'layer_hostile' as const;

describe('a few megabytes that unpack to many gigabytes', () => {
  const scratch = scratchDir('bombs');

  it('are refused before they are unpacked where one file says that it is that large', async () => {
    using run = startRun(scratch);
    const header = compressed(headerOf('zeros', 6 * gib));
    const source = await writeBomb(join(scratch, 'one.tar.gz'), [
      header,
      ...times(640, zeros),
      end,
    ]);
    const says = /layer 1 of .* unpacks to over 4294967296 bytes, the last \/zeros/;
    expect(await outcomeOf(run, source)).toEqual(refusal({ code: hostile, says }));
  });

  it('are refused at the limit where many files add up', async () => {
    using run = startRun(scratch);
    const member = compressed(Buffer.concat([headerOf('some', mib), Buffer.alloc(mib)]));
    const source = await writeBomb(join(scratch, 'many.tar.gz'), times(10_000, member));
    const limits = { maxContentBytes: 200 * mib };
    const says = /layer 1 of .* unpacks to over 209715200 bytes, the last \/some/;
    expect(await outcomeOf(run, source, { limits })).toEqual(refusal({ code: hostile, says }));
  });

  it('are refused at the limit where they stand behind the end of the archive', async () => {
    using run = startRun(scratch);
    const source = await writeBomb(join(scratch, 'behind.tar.gz'), [end, ...times(640, zeros)]);
    const limits = { maxContentBytes: 100 * mib, maxEntries: 1000 };
    const says = /layer 1 of .*: the archive is longer than the limit of 106905600 bytes/;
    expect(await outcomeOf(run, source, { limits })).toEqual(refusal({ code: hostile, says }));
  });

  it('are refused at the limit where they are headers without content', async () => {
    using run = startRun(scratch);
    const member = compressed(Buffer.concat(Array(2000).fill(headerOf('same', 0)) as Buffer[]));
    const source = await writeBomb(join(scratch, 'headers.tar.gz'), times(100_000, member));
    const limits = { maxEntries: 20_000 };
    const says = /layer 1 of .* has over 20000 entries, the last \/same/;
    expect(await outcomeOf(run, source, { limits })).toEqual(refusal({ code: hostile, says }));
  });

  it('take no more memory than others where they are within the limits, and nothing in the store', async () => {
    const header = compressed(headerOf('zeros', gib));
    const source = await writeBomb(join(scratch, 'fine.tar.gz'), [
      header,
      ...times(64, zeros),
      end,
    ]);
    const peakFile = join(scratch, 'peak');
    const result = await ashlar(
      join(scratch, 'home'),
      ['image', 'import', source, '-t', 'zeros', '--disk', '1G', '--output', 'json'],
      {
        NODE_OPTIONS: `--import ${new URL('support/report-peak.ts', import.meta.url).href}`,
        PEAK_FILE: peakFile,
      },
    );
    expect({ ...result, stdout: JSON.parse(result.stdout.toString()) as unknown }).toMatchObject({
      exitCode: 0,
      stdout: { totals: { files: 1, contentBytes: gib } },
    });
    expect(Number(readFileSync(peakFile, 'utf8'))).toBeLessThan(450 * mib);
  });
});
