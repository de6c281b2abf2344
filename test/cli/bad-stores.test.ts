import { createHash } from 'node:crypto';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mountTmpfs } from '../support/tmpfs-mount.ts';
import {
  type CliBench,
  type CliError,
  type CliResult,
  createCliBench,
  documentOf,
  jsonOf,
  whyNoSteps,
} from './cli-bench.ts';

const mib = 1024 ** 2;
let bench: CliBench;

beforeAll(async () => {
  if (whyNoSteps === '') bench = await createCliBench();
});
afterAll(async () => {
  await bench?.requireClean();
  await bench?.[Symbol.asyncDispose]();
});

function errorOf(result: CliResult): CliError & { exitCode: number | null } {
  return { ...documentOf(result).error, exitCode: result.exitCode };
}

const json = ['--output', 'json'];

describe.skipIf(whyNoSteps !== '')(
  `a build where there is no room or no right to write ${whyNoSteps}`,
  () => {
    it('fills the disk of the store in mid-write: what is there stays good', async () => {
      await using small = await mountTmpfs(12 * mib);
      const env = { ASHLAR_STORE: pathToFileURL(join(small.path, 'store')).href };
      const tar = [
        'image',
        'import',
        `tar:${bench.baseArchive}`,
        '-t',
        'base:test',
        '--disk',
        '256M',
      ];
      expect((await bench.run(tar, { env })).exitCode).toBe(0);
      const large =
        'FROM base:test\nRUN echo kept >/kept\nRUN head -c 30000000 /dev/urandom >/large\n';
      const full = errorOf(await bench.build(large, { env, args: [...json, '-t', 'large'] }));
      expect(full).toMatchObject({
        exitCode: 6,
        code: 'store_full',
        class: 'operator',
        data: { line: 3 },
      });
      expect((await bench.run(['store', 'fsck'], { env })).exitCode).toBe(0);
      expect((await bench.run(['image', 'inspect', 'large'], { env })).exitCode).toBe(2);
      const fits = await bench.build('FROM base:test\nRUN echo kept >/kept\nRUN cat /kept\n', {
        env,
      });
      expect([fits.exitCode, fits.stderr]).toEqual([0, expect.stringContaining('#1 CACHED')]);
    });

    it('fills the disk of the state directory: it ends with that, or the image is good', async () => {
      const dockerfile = `FROM base:test
RUN head -c 40000000 /dev/urandom | tee /large | sha256sum | cut -c1-64 >/sum
`;
      for (const sizeBytes of [1.5 * mib, 3 * mib, 24 * mib]) {
        await using small = await mountTmpfs(sizeBytes);
        const env = { ASHLAR_HOME: small.path };
        const args = [...json, '-t', 'home:full', '--no-cache'];
        const result = await bench.build(dockerfile, { env, args });
        expect(['6 disk_full', 'good']).toContain(await outcomeOf(result, 'home:full'));
      }
      const env = { ASHLAR_HOME: await bench.context({}) };
      const fits = await bench.build('FROM base:test\nRUN echo small\n', { env });
      expect(fits.exitCode).toBe(0);
    });

    it('cannot use its state directory', async () => {
      const file = join(await bench.context({ file: '' }), 'file');
      const none = errorOf(
        await bench.build('FROM base:test\nRUN true\n', { env: { ASHLAR_HOME: file }, args: json }),
      );
      expect(none).toMatchObject({ exitCode: 6, code: 'home_unusable', class: 'operator' });
      const relative = errorOf(
        await bench.build('FROM base:test\n', { env: { ASHLAR_HOME: 'here' }, args: json }),
      );
      expect(relative).toMatchObject({ exitCode: 2, code: 'config_invalid' });
    });

    it('has a store that is read-only', async () => {
      await using small = await mountTmpfs(12 * mib);
      const env = { ASHLAR_STORE: pathToFileURL(join(small.path, 'store')).href };
      const tar = [
        'image',
        'import',
        `tar:${bench.baseArchive}`,
        '-t',
        'base:test',
        '--disk',
        '256M',
      ];
      await bench.run(tar, { env });
      await small.makeReadOnly();
      for (const lines of ['RUN echo x >/x', 'COPY Dockerfile /', 'ENV A=1']) {
        const error = errorOf(await bench.build(`FROM base:test\n${lines}\n`, { env, args: json }));
        expect([lines, error.exitCode, error.code]).toEqual([lines, 6, 'store_read_only']);
      }
      expect((await bench.run(['image', 'inspect', 'base:test'], { env })).exitCode).toBe(0);
    });

    it('has a store of a newer format, or of none', async () => {
      const store = join(await bench.context({}), 'store');
      const env = { ASHLAR_STORE: pathToFileURL(store).href };
      const built = await bench.build('FROM scratch\nCOPY Dockerfile /\n', { env });
      expect(built.exitCode).toBe(0);
      const file = join(store, 'ashlar-store.json');
      const text = await readFile(file, 'utf8');
      await writeFile(file, text.replace(/"version":\s*\d+/, '"version":99'));
      const newer = errorOf(
        await bench.build('FROM scratch\nCOPY Dockerfile /\n', { env, args: json }),
      );
      expect(newer).toMatchObject({ exitCode: 6, code: 'store_newer_format', class: 'operator' });
      await rm(file);
      await writeFile(file, 'not json');
      const none = errorOf(
        await bench.build('FROM scratch\nCOPY Dockerfile /\n', { env, args: json }),
      );
      expect(none).toMatchObject({ exitCode: 2, code: 'store_url_invalid' });
    });

    it('is done twice at the same time, with one result', async () => {
      const dockerfile = `FROM base:test AS a
RUN echo both >/both; sleep 0.3
FROM base:test
COPY --from=a /both /
RUN cat /both
`;
      const env = { SOURCE_DATE_EPOCH: '1700000000' };
      const args = [...json, '-t', 'both'];
      const context = await bench.context({});
      const results = await Promise.all(
        [1, 2, 3].map(() => bench.build(dockerfile, { context, env, args })),
      );
      expect(results.map(({ exitCode }) => exitCode)).toEqual([0, 0, 0]);
      expect(new Set(results.map((result) => documentOf(result).digest)).size).toBe(1);
      expect((await bench.run(['image', 'verify', 'both'])).exitCode).toBe(0);
      expect((await bench.run(['image', 'cat', 'both', '/both'])).stdout).toBe('both\n');
    });
  },
);

/** Exit code and code of a failure, or whether `/large` of the image has the digest that `/sum` says. */
async function outcomeOf(result: CliResult, name: string): Promise<string> {
  if (result.exitCode !== 0) return `${result.exitCode} ${errorOf(result).code}`;
  const contentOf = async (path: string): Promise<Buffer> => {
    const cat = await bench.run(['image', 'cat', name, path, ...json]);
    return Buffer.from((jsonOf(cat) as { base64: string }).base64, 'base64');
  };
  const digest = createHash('sha256')
    .update(await contentOf('/large'))
    .digest('hex');
  const sum = (await contentOf('/sum')).toString().trim();
  return digest === sum ? 'good' : `the content has the digest ${digest} and not ${sum}`;
}
