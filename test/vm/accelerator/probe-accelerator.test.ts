import { access, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTempDir, type TempDir } from '../../../src/index.ts';
import { checkVmRequirements, probeAccelerator } from '../../../vm/index.ts';
import { bootObstacle } from '../support/root-disk.ts';

let dir: TempDir;
beforeAll(async () => {
  dir = await createTempDir(tmpdir(), 'ashlar-probe');
});
afterAll(async () => {
  await dir[Symbol.asyncDispose]();
});

async function kvmObstacle(): Promise<string | undefined> {
  const obstacle = await bootObstacle();
  if (obstacle !== undefined) return obstacle;
  return access('/dev/kvm').then(
    () => undefined,
    () => 'there is no /dev/kvm',
  );
}
const obstacle = await kvmObstacle();

describe('the environment', () => {
  it.each(['kvm', 'tcg'] as const)('decides for %s without a probe', async (wanted) => {
    const choice = await probeAccelerator('/nowhere', { ASHLAR_ACCELERATOR: wanted });
    expect(choice).toEqual({ accelerator: wanted, reason: `ASHLAR_ACCELERATOR is ${wanted}` });
  });

  it('must name an accelerator', async () => {
    await expect(probeAccelerator('/nowhere', { ASHLAR_ACCELERATOR: 'hvf' })).rejects.toMatchObject(
      { code: 'config_invalid' },
    );
  });
});

it.skipIf(obstacle !== undefined)(
  `boots under KVM once and remembers it for these circumstances (${obstacle ?? 'with /dev/kvm'})`,
  async () => {
    const path = join(dir.path, 'vm', 'accelerator.json');
    const probed = await probeAccelerator(dir.path, {});
    expect(probed.reason).toMatch(/^the guest kernel (boots|does not boot) under KVM/);
    const record = JSON.parse(await readFile(path, 'utf8')) as Record<string, string>;
    expect(record).toMatchObject(probed);

    await writeFile(path, JSON.stringify({ ...record, reason: 'remembered' }));
    expect((await probeAccelerator(dir.path, {})).reason).toBe('remembered');
    await writeFile(path, JSON.stringify({ ...record, circumstances: 'other' }));
    expect((await probeAccelerator(dir.path, {})).accelerator).toBe(probed.accelerator);
    expect(JSON.parse(await readFile(path, 'utf8'))).toMatchObject({
      circumstances: record['circumstances'],
    });
  },
);

it('tells what a boot needs on this host', async () => {
  const requirements = await checkVmRequirements();
  expect(requirements.map(({ name }) => name)).toContain('setpriv');
  for (const { name, ok, detail, mend } of requirements) {
    expect(detail).not.toBe('');
    expect({ name, hasMend: mend !== '' }).toEqual({ name, hasMend: !ok });
  }
});
