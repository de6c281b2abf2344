import { describe, expect, it } from 'vitest';
import { checkRunRequirements } from '../../../builder/run/check-run-requirements.ts';
import { whyNoSteps } from './fixture.ts';

describe('requirements of a step', () => {
  it.skipIf(whyNoSteps !== '')(`are met where steps run ${whyNoSteps}`, async () => {
    const requirements = await checkRunRequirements();
    const unmet = requirements.filter(({ ok }) => !ok);
    // A kernel that loads file systems on demand does not list them beforehand.
    expect(unmet.filter(({ name }) => !name.endsWith('file system'))).toEqual([]);
    expect(requirements.length).toBeGreaterThan(15);
  });

  it('come with a mend exactly where they are not met', async () => {
    for (const { ok, mend, detail } of await checkRunRequirements()) {
      expect(mend === '').toBe(ok);
      expect(detail).not.toBe('');
    }
  });
});
