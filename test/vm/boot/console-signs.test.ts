import { expect, it } from 'vitest';
import { consoleSigns } from '../../../vm/boot/console-signs.ts';

it('finds what systemd says of units and of its emergency, without colours, once each', () => {
  const console = [
    '[    1.2] EXT4-fs (vda): mounted filesystem',
    '[\u001B[0;32m  OK  \u001B[0m] Reached target \u001B[0;1;39mlocal-fs-pre.target\u001B[0m.',
    '[\u001B[0;31m*     \u001B[0m] A start job is running for /dev/vdb (5s / 1min 30s)',
    '\u001B[K[\u001B[0;31m**    \u001B[0m] A start job is running for /dev/vdb (6s / 1min 30s)',
    '[\u001B[0;1;31m TIME \u001B[0m] Timed out waiting for device \u001B[0;1;39m/dev/vdb\u001B[0m.',
    '[\u001B[0;1;38;5;185mDEPEND\u001B[0m] Dependency failed for \u001B[0;1;39m/mnt\u001B[0m.',
    '[\u001B[0;1;31mFAILED\u001B[0m] Failed to start \u001B[0;1;39mone.service\u001B[0m - One.',
    'You are in emergency mode. After logging in, type "journalctl -xb" to view',
  ].join('\r\n');
  expect(consoleSigns(console)).toEqual([
    'A start job is running for /dev/vdb',
    'Timed out waiting for device /dev/vdb.',
    'Dependency failed for /mnt.',
    'Failed to start one.service - One.',
    'You are in emergency mode',
  ]);
});

it('gives the last few, and nothing where nothing is said', () => {
  const lines = Array.from({ length: 9 }, (_, index) => `[FAILED] Failed to start ${index}.`);
  expect(consoleSigns(lines.join('\n'))).toEqual(lines.slice(4).map((line) => line.slice(9)));
  expect(consoleSigns('[  OK  ] Started all.\n')).toEqual([]);
});
