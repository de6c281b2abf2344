import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { matrixReportSchema } from '../../matrix-tests/report/matrix-report.ts';
import { runChecked, runCommand } from '../../src/process/run-command.ts';
import { startDockerRegistry } from '../oci/support/docker-registry.ts';
import { hasProgram } from '../oci/support/programs.ts';
import { scratchDir } from '../support/scratch.ts';
import { ashlarProgram, startServing } from '../support/serving-process.ts';

const scratch = scratchDir('matrix-pulled');
const env = { ...process.env, ASHLAR_HOME: join(scratch, 'home'), XDG_CACHE_HOME: scratch };

/** What stands for the image that Docker Hub has: nobody can say here what is in that one. */
async function publish(host: string, image: string): Promise<void> {
  const archive = join(scratch, `${image.replaceAll(':', '-')}.tar`);
  await runChecked(ashlarProgram, ['base', 'reconstruct', image, '--out', archive], { env });
  await runChecked(
    'skopeo',
    [
      'copy',
      '--insecure-policy',
      '--dest-tls-verify=false',
      `tarball:${archive}`,
      `docker://${host}/library/${image}`,
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
    for (const image of ['ubuntu:18.04', 'ubuntu:25.04']) await publish(registry.host, image);
    const upstream = ['--upstream', `docker.io=http://${registry.host}`];
    const listen = ['--listen', '127.0.0.1:0', '--log', 'json'];
    const serving = await startServing(['registry-cache', 'serve', ...listen, ...upstream], {
      env,
    });
    await using _ = serving;
    // One that the registry does not have says nothing of the others; the suites of 25.04 have moved.
    const names = 'ubuntu:16.04,ubuntu:18.04,ubuntu:25.04';
    const { exitCode, report } = await matrix('--release', names);
    expect(report.rows.map(({ id, outcome, problems }) => [id, outcome, problems])).toEqual([
      ['ubuntu-16.04-pulled', 'not-run', []],
      ['ubuntu-18.04-pulled', 'as-expected', []],
      ['ubuntu-25.04-pulled', 'as-expected', []],
    ]);
    expect(report.rows[0]?.reason).toMatch(/library\/ubuntu:16\.04/);
    expect(exitCode).toBe(0);
    expect(serving.log()).toContain('library/ubuntu');
    const other = await matrix('--release', 'ubuntu:20.04');
    expect(other.report.rows).toMatchObject([{ outcome: 'not-run' }]);
    expect(other.exitCode).toBe(6);
  });
});
