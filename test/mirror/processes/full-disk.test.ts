import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { startRecordedRegistry } from '../../support/npm-registry/recorded-registry.ts';
import { mountTmpfs, whyNoMount } from '../../support/tmpfs-mount.ts';
import { get, madePackages, tarballPath } from './support/made-up.ts';
import { startMirrorProcess } from './support/mirror-process.ts';

const lack = await whyNoMount();

describe.skipIf(lack !== null)(
  `a mirror on a full disk${lack === null ? '' : ` (${lack})`}`,
  () => {
    it('serves all, says once what is wrong, and ends as it should', async () => {
      await using disk = await mountTmpfs(16 * 1024 ** 2);
      const packages = madePackages(20, 50_000);
      await using upstream = await startRecordedRegistry({ packages });
      const args = ['--upstream', upstream.url];
      await using mirror = await startMirrorProcess({ home: disk.path, args });
      const askAll = async (): Promise<void> => {
        for (const made of packages) {
          for (const path of [`/${made.name}`, tarballPath(made)])
            expect(await get(mirror, path)).toMatchObject({ status: 200, end: 'whole' });
        }
      };
      const fill = async (): Promise<void> => {
        for (let index = 0; ; index += 1)
          await writeFile(join(disk.path, `ballast-${index}`), Buffer.alloc(64 * 1024));
      };
      await expect(fill()).rejects.toMatchObject({ code: 'ENOSPC' });
      await askAll();
      await askAll();
      expect(await mirror.end()).toBe(0);
      const lines = mirror.log().split('\n');
      const problems = lines.filter((line) => line.includes('"event":"problem"'));
      expect(problems.length).toBeGreaterThan(0);
      // Of each kind one, and one at the end.
      expect(problems.length).toBeLessThan(4);
      expect(problems.filter((line) => !line.includes('no '))).toEqual([]);
    });
  },
);
