import { expect, it } from 'vitest';
import { parseGuestReport } from '../../../vm/boot/guest-report.ts';

it.each<[string, ReturnType<typeof parseGuestReport>]>([
  ['', { state: 'silent' }],
  ['rea', { state: 'silent' }],
  ['ready\n', { state: 'ready' }],
  ['ready\nmounted\nhanded\n', { state: 'handed' }],
  ['ready\nmounted\nstarted\nexit 2', { state: 'started' }],
  [
    'ready\nmounted\nstarted\nexit 2\n',
    { state: 'started', ending: { kind: 'exit', exitCode: 2 } },
  ],
  ['ready\nsignal 9\n', { state: 'ready', ending: { kind: 'signal', signalNumber: 9 } }],
  ['ready\nexit 99999\nexit -1\nsignal\n', { state: 'ready' }],
  [
    'ready\nfailed root\nmount: no\nexit 0\n',
    { state: 'ready', ending: { kind: 'failed', stage: 'root', text: 'mount: no\nexit 0' } },
  ],
])('reads %j', (stream, report) => {
  expect(parseGuestReport(stream)).toEqual(report);
});
