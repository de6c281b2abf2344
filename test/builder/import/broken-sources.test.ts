import { readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { ociDigestOf } from '../../../src/oci/oci-digest.ts';
import { scratchDir } from '../../support/scratch.ts';
import { archive, gnuLong, member, pax } from '../../tar/support/hand-made.ts';
import { gnuSparse } from '../../tar/support/attack.ts';
import { buildImage, type ImagePlan, writeLayout } from '../../oci/support/build-image.ts';
import { noise } from '../../oci/support/byte-streams.ts';
import { sketchImage } from './support/imported-tree.ts';
import { startRun } from './support/import-layers.ts';
import { directory, file, tarOf } from './support/layer-records.ts';
import { refusal, type Refusal, outcomeOf } from './support/refused.ts';

const platform = { os: 'linux', architecture: 'amd64' };
const low = await tarOf([directory('d'), file('d/f', noise(200_000))]);
const high = await tarOf([file('d/g', noise(300_000, 2))]);
const html = Buffer.from('<!doctype html><title>502 Bad Gateway</title>');
const wrongDigest = ociDigestOf(Buffer.from('something else'));

interface Lie extends Refusal {
  readonly name: string;
  readonly plan: ImagePlan;
  /** What is done to the blob of the upper layer once the layout is written. */
  readonly damage?: (blob: string) => void;
}

const honest: ImagePlan = {
  platform,
  layers: [
    { tar: low, compression: 'gzip' },
    { tar: high, compression: 'gzip' },
  ],
};

const upper = (kept: Buffer): ImagePlan => ({
  ...honest,
  layers: [
    { tar: low, compression: 'gzip' },
    { tar: high, compression: 'gzip', kept },
  ],
});

const flipped = (bytes: Buffer, at: number): Buffer => {
  const copy = Buffer.from(bytes);
  copy[at] = (copy[at] ?? 0) ^ 1;
  return copy;
};

const corrupt = 'source_corrupt' as const;

const lies: readonly Lie[] = [
  {
    name: 'a layer with other bytes than its digest says',
    plan: honest,
    damage: (blob) => writeFileSync(blob, flipped(readFileSync(blob), 100_000)),
    code: corrupt,
    says: /layer 2 of 2 \(sha256:\w+\) /,
  },
  {
    name: 'a layer with other bytes than its digest says, that still decompress',
    plan: {
      platform,
      layers: [low, high].map((tar) => ({ tar, compression: 'none' as const })),
    },
    damage: (blob) => writeFileSync(blob, flipped(readFileSync(blob), 1000)),
    code: corrupt,
    says: /layer 2 of 2 .* has the digest sha256:\w+ instead of sha256:/,
  },
  {
    name: 'a layer that is missing',
    plan: honest,
    damage: rmSync,
    code: corrupt,
    says: /the blob sha256:\w+ is missing/,
  },
  {
    name: 'a layer that is shorter than the manifest says',
    plan: honest,
    damage: (blob) => truncateSync(blob, 100_000),
    code: corrupt,
    says: /the blob sha256:\w+ has 100000 bytes instead of \d+/,
  },
  {
    name: 'a layer that is longer than the manifest says',
    plan: honest,
    damage: (blob) => writeFileSync(blob, Buffer.concat([readFileSync(blob), html])),
    code: corrupt,
    says: /the blob sha256:\w+ has \d+ bytes instead of \d+/,
  },
  {
    name: 'a page of HTML with its own digest in place of a layer',
    plan: upper(html),
    code: corrupt,
    says: /layer 2 of 2 .* has the digest sha256:\w+ instead of sha256:\w+ once uncompressed/,
  },
  {
    name: 'a compressed layer that ends early under its own digest',
    plan: upper(gzipSync(high).subarray(0, 150_000)),
    code: corrupt,
    says: /layer 2 of 2 .* ends early, within its compressed data/,
  },
  {
    name: 'a zstd layer that ends early under its own digest',
    plan: upper(zstdCompressSync(high).subarray(0, 150_000)),
    code: corrupt,
    says: /layer 2 of 2 .* ends early, within a zstd frame/,
  },
  {
    name: 'a layer with something behind its compressed data',
    plan: upper(Buffer.concat([gzipSync(high), html])),
    code: corrupt,
    says: /layer 2 of 2 .* /,
  },
  {
    name: 'a layer with another diff_id',
    plan: {
      ...honest,
      changeConfig: (config) => ({
        ...config,
        rootfs: { type: 'layers', diff_ids: [ociDigestOf(low), wrongDigest] },
      }),
    },
    code: corrupt,
    says: /layer 2 of 2 .* has the digest sha256:\w+ instead of sha256:\w+ once uncompressed/,
  },
  {
    name: 'fewer diff_ids than layers',
    plan: {
      ...honest,
      changeConfig: (config) => ({
        ...config,
        rootfs: { type: 'layers', diff_ids: [ociDigestOf(low)] },
      }),
    },
    code: 'image_invalid',
    says: /the manifest has 2 layers, the configuration 1 diff_ids/,
  },
  {
    name: 'no diff_ids',
    plan: { ...honest, changeConfig: (config) => ({ ...config, rootfs: { type: 'layers' } }) },
    code: 'image_invalid',
    says: /the manifest has 2 layers, the configuration 0 diff_ids/,
  },
  {
    name: 'a root file system of another kind',
    plan: { ...honest, changeConfig: (config) => ({ ...config, rootfs: { type: 'blocks' } }) },
    code: 'image_invalid',
    says: /the rootfs type "blocks"/,
  },
  {
    name: 'layers in the other order than their diff_ids',
    plan: {
      ...honest,
      changeConfig: (config) => ({
        ...config,
        rootfs: { type: 'layers', diff_ids: [ociDigestOf(high), ociDigestOf(low)] },
      }),
    },
    code: corrupt,
    says: /layer 1 of 2 .* once uncompressed/,
  },
];

describe('an image that is not what it says', () => {
  const scratch = scratchDir('broken-images');

  it.each(lies.map((each, index) => [each.name, each, index] as const))(
    'is refused: %s',
    async (_, lie, index) => {
      const layout = join(scratch, `lie-${index}`);
      const image = buildImage(lie.plan);
      writeLayout(layout, { image });
      lie.damage?.(blobOfLayer(layout, image.bytes));
      using run = startRun(scratch);
      expect(await outcomeOf(run, `oci:${layout}:image`)).toEqual(refusal(lie));
    },
  );
});

/** Entries of which parts can be cut off: extended headers, long names, holes, contents of all sizes. */
const entries = [
  Buffer.concat([
    pax([
      ['path', 'p'.repeat(250)],
      ['SCHILY.xattr.user.note', 'v'.repeat(600)],
    ]),
    member({}, noise(700)),
  ]),
  Buffer.concat([gnuLong('L', 'l'.repeat(200)), member({ magic: 'gnu' }, noise(20))]),
  gnuSparse([0, 512, 4096, 512, 70_000, 512], 80_000),
  member({ name: 'large' }, noise(70_000)),
  member({ name: 'empty' }),
];
const varied = archive(...entries);
const ends = entries.map((_, index) => Buffer.concat(entries.slice(0, index + 1)).length);
/** Of the content of each, as far as the archive fills its last block up. */
const paddings = [700, 20, 3 * 512, 70_000, 0].map((sizeBytes) => (512 - (sizeBytes % 512)) % 512);
/** How many entries an archive has all content of that is cut here; 0 where the cut goes through one. */
const wholeEntries = (at: number): number =>
  ends.findIndex((end, index) => at <= end && at >= end - (paddings[index] ?? 0)) + 1;

describe('a root file system that is cut off', () => {
  const scratch = scratchDir('cut-off');
  const path = join(scratch, 'cut.tar');
  const outcome = async (bytes: Buffer): Promise<unknown> => {
    writeFileSync(path, bytes);
    using run = startRun(scratch);
    const found = await outcomeOf(run, `tar:${path}`);
    if ('code' in found) return found;
    return { files: (await sketchImage(run.imageStore, found.digest)).size - 1 };
  };

  it('is refused wherever the cut is, but behind the content of an entry, where it is a shorter one', async () => {
    const [last = 0, beforeLast = 0] = ends.toReversed();
    const cuts: number[] = [];
    for (let end = 512; end <= last; end += 512) {
      const isWithinContent = end > beforeLast - 68_000 && end < beforeLast - 1024;
      if (!isWithinContent || end % 8192 === 0) cuts.push(end - 511, end - 1, end);
    }
    const cutOff = refusal({ code: 'layer_invalid', says: /^layer 1 of tar:.*: .* ends / });
    for (const at of cuts) {
      const files = wholeEntries(at);
      const found = await outcome(varied.subarray(0, at));
      expect({ at, found }).toEqual({ at, found: files > 0 ? { files } : cutOff });
    }
  });

  it.each(['gzip', 'zstd'] as const)(
    'is refused wherever the cut is when it is %s',
    async (form) => {
      const whole = form === 'gzip' ? gzipSync(varied) : zstdCompressSync(varied);
      for (let at = 1; at < whole.length; at += at < 100 ? 7 : 7919) {
        // Fewer bytes than tell what it is compressed with are an archive that is none.
        const code = at < 6 ? 'layer_invalid' : 'source_corrupt';
        expect({ at, found: await outcome(whole.subarray(0, at)) }).toEqual({
          at,
          found: refusal({ code, says: / ends early| ends in| within/ }),
        });
      }
    },
  );
});

function blobOfLayer(layout: string, manifest: Buffer): string {
  const { layers } = JSON.parse(manifest.toString()) as { layers: { digest: string }[] };
  const name = layers[1]?.digest.slice('sha256:'.length) ?? '';
  if (!readdirSync(join(layout, 'blobs/sha256')).includes(name)) throw new Error('no such blob');
  return join(layout, 'blobs/sha256', name);
}
