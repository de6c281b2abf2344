import { cp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { scratchDir } from '../scratch.ts';
import { openSet, whyNoSet } from './record-set.ts';
import { integrityOf, loadRecording } from './recording.ts';

const reason = await whyNoSet('small');

describe.skipIf(reason !== null)(`a recording${reason === null ? '' : ` (${reason})`}`, () => {
  const scratch = scratchDir('recording');

  it('holds the tarballs that its lockfile names, and both forms of each packument', async () => {
    const { directory, lockfile, tarballs, packuments } = await openSet('small');
    const { packages } = JSON.parse(lockfile) as { packages: Record<string, object> };
    const places = Object.keys(packages).filter((place) => place !== '');
    expect(tarballs.length).toBe(places.length);
    const names = new Set(tarballs.map(({ name }) => name));
    const forms = packuments.map(({ name, form }) => `${name} ${form}`).sort();
    expect(forms).toEqual(
      [...names].flatMap((name) => [`${name} abbreviated`, `${name} full`]).sort(),
    );
    for (const { file, integrity } of tarballs) {
      expect(integrityOf(await readFile(join(directory, file)))).toBe(integrity);
    }
  });

  it('is made again when a file of it is missing or another', async () => {
    const { directory, tarballs } = await openSet('small');
    const copy = join(scratch, 'copy');
    await cp(directory, copy, { recursive: true });
    const whole = await loadRecording(copy);
    expect(whole?.tarballs).toEqual(tarballs);
    const file = join(copy, tarballs[0]?.file ?? '');
    const bytes = await readFile(file);
    bytes.writeUInt8(bytes.readUInt8(100) ^ 1, 100);
    await writeFile(file, bytes);
    expect(await loadRecording(copy)).toBeNull();
    await rm(file);
    expect(await loadRecording(copy)).toBeNull();
  });
});
