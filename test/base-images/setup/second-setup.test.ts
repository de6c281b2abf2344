import { describe, expect, it } from 'vitest';
import { applySetup } from '../../../base-images/setup/apply-setup.ts';
import { readStoredRecord } from '../../../base-images/setup/record/read-record.ts';
import type { SetupOptions } from '../../../base-images/setup/setup-plan.ts';
import { undoSetup } from '../../../base-images/setup/undo-setup.ts';
import { authority, debianSketch, planned, setUp, stored } from './support/set-up.ts';

const guest = { busybox: Buffer.from('busybox'), architecture: 'amd64', command: null };
const mirror = new URL('http://mirror.example');

/** What a build on a base does that was set up for its makers. */
describe('a setup that asks for nothing, after one that asked', () => {
  it.each<[string, Partial<SetupOptions>]>([
    ['for nothing', {}],
    ['for a user', { user: 'dev' }],
    ['for a user and a uid', { user: 'dev', uid: 2000 }],
    ['for a uid', { uid: 2000 }],
    ['for root', { user: 'root' }],
    ['for no init', { init: 'leave' }],
    ['for an authority', { ca: [authority] }],
    [
      'for mirrors',
      { npmRegistry: mirror, pipIndex: mirror, dockerMirror: mirror, aptMirror: mirror },
    ],
    [
      'for all of it',
      { user: 'dev', uid: 2000, init: 'leave', ca: [authority], npmRegistry: mirror },
    ],
  ])('%s, changes nothing', async (_, options) => {
    const base = await stored(debianSketch);
    const first = await setUp(base, { guest, ...options });
    const { plan } = await planned(first, { guest });
    expect(plan.changes).toEqual([]);
    expect(plan.user).toEqual(first.plan.user);
    expect(await undoSetup(base.imageStore, first.digest)).toMatchObject({ digest: base.digest });
  });

  it('keeps what was asked through setups that change something', async () => {
    const first = await setUp(await stored(debianSketch), { guest, user: 'dev', init: 'leave' });
    const second = await setUp(first, { guest, ca: [authority] });
    expect(second.plan.changes.length).toBeGreaterThan(0);
    expect(await readStoredRecord(second.imageStore, second.digest)).toMatchObject({
      asked: { user: 'dev', init: 'leave' },
    });
    expect((await planned(second, { guest })).plan.changes).toEqual([]);
  });

  it('takes whoever is there when that user is gone, and what is asked for now', async () => {
    const first = await setUp(await stored(debianSketch), { user: 'dev', uid: 2000 });
    const { imageStore, digest } = first;
    const gone = {
      ...first.plan,
      changes: [{ kind: 'remove', path: 'etc/passwd', step: 'user', why: '' }],
    } as const;
    const without = await applySetup(imageStore, { image: digest, plan: gone });
    expect((await planned({ imageStore, digest: without.digest })).plan.user).toBeNull();
    expect((await planned(first, { user: 'other' })).plan.user).toMatchObject({ name: 'other' });
    const brought = await setUp(await stored(debianSketch), { guest, init: 'leave' });
    const { plan } = await planned(brought, { guest, init: 'bring' });
    expect(plan.changes.some(({ step }) => step === 'init')).toBe(true);
  });
});
