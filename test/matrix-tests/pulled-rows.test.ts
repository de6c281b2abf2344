import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { matrixReportSchema } from '../../matrix-tests/report/matrix-report.ts';
import { readReleases } from '../../matrix-tests/releases/read-releases.ts';
import { createTrees } from '../../matrix-tests/trees/trees.ts';
import { runChecked, runCommand } from '../../src/process/run-command.ts';
import { startDockerRegistry } from '../oci/support/docker-registry.ts';
import { hasProgram } from '../oci/support/programs.ts';
import { scratchDir } from '../support/scratch.ts';
import { ashlarProgram, startServing } from '../support/serving-process.ts';

const dataDir = join(import.meta.dirname, '../../base-images/releases');
const scratch = scratchDir('matrix-pulled');
const env = { ...process.env, ASHLAR_HOME: join(scratch, 'home'), XDG_CACHE_HOME: scratch };

/** What stands for the image that Docker Hub has: nobody can say here what is in that one. */
async function publish(host: string, id: string): Promise<void> {
  const release = (await readReleases(dataDir)).find((one) => one.id === id);
  if (release === undefined) throw new Error(`no release ${id}`);
  const trees = createTrees(join(dataDir, 'sudoers'));
  const context = { tempDir: scratch, signal: AbortSignal.timeout(30_000), say: () => {} };
  const tree = await trees.reconstructed(release, 'not');
  const { reference } = await trees.archive(tree, context);
  const archive = reference.replace(/^tar:/, '');
  await runChecked(
    'skopeo',
    [
      'copy',
      '--insecure-policy',
      '--dest-tls-verify=false',
      `tarball:${archive}`,
      `docker://${host}/library/ubuntu:${release.os.versionId}`,
    ],
    { timeoutMs: 60_000 },
  );
}

async function matrix(...args: readonly string[]) {
  const given = ['matrix', 'run', '--rows', 'pulled', '--on', 'tree', '--output', 'json', ...args];
  const { stdout, exitCode } = await runCommand(ashlarProgram, given, {
    env,
    timeoutMs: 120_000,
    keepBytes: 8 * 1024 * 1024,
  });
  return { exitCode, report: matrixReportSchema.parse(JSON.parse(stdout.toString('utf8'))) };
}

describe('rows of published images', { timeout: 180_000 }, () => {
  it('come through the registry cache that runs, and are not run where it cannot have them', async ({
    skip,
  }) => {
    for (const program of ['docker-registry', 'skopeo'])
      skip(!hasProgram(program), `needs ${program}`);
    await using registry = await startDockerRegistry();
    await publish(registry.host, 'ubuntu-18.04');
    const upstream = ['--upstream', `docker.io=http://${registry.host}`];
    const listen = ['--listen', '127.0.0.1:0', '--log', 'json'];
    const serving = await startServing(['registry-cache', 'serve', ...listen, ...upstream], {
      env,
    });
    await using _ = serving;
    const { exitCode, report } = await matrix('--release', 'ubuntu:18.04');
    expect(report.rows.map(({ id, outcome, problems }) => [id, outcome, problems])).toEqual([
      ['ubuntu-18.04-pulled', 'as-expected', []],
    ]);
    expect(exitCode).toBe(0);
    expect(serving.log()).toContain('library/ubuntu');
    const other = await matrix('--release', 'ubuntu:20.04');
    expect(other.report.rows).toMatchObject([{ outcome: 'not-run' }]);
    expect(other.exitCode).toBe(6);
  });
});
