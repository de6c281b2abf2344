import { expect, it } from 'vitest';
import { unkeptCertificates } from '../../../mirror/trust/unkept-certificates.ts';
import { createRootFiles } from '../../../src/disk/root-files.ts';
import { corporate, publicCertificates } from './support/root-tree.ts';
import { trustBench } from './support/trust-bench.ts';

const { root, certificates } = trustBench('trust-unkept');
const store = {
  bundle: '/etc/ssl/certs/ca-certificates.crt',
  anchors: '/usr/local/share/ca-certificates',
};
const [first = '', second = '', third = '', fourth = ''] = publicCertificates;

it('finds what is in the bundle alone, and what is struck out of its sources', async () => {
  const path = root({
    [store.bundle]: [first, second, third, fourth, corporate, ...certificates()].join(''),
    '/etc/ca-certificates.conf': '# chosen\nmozilla/first.crt\n!mozilla/second.crt\n',
    '/usr/share/ca-certificates/mozilla/first.crt': first,
    '/usr/share/ca-certificates/mozilla/second.crt': second,
    [`${store.anchors}/third.crt`]: third,
    [`${store.anchors}/company/two.crt`]: `# ours\n${fourth}`,
    [`${store.anchors}/notes.pem`]: corporate,
  });
  expect(await unkeptCertificates({ files: createRootFiles(path) }, store)).toEqual([
    second,
    corporate,
  ]);
});

it('without a configuration all that packages bring is a source', async () => {
  const path = root({
    [store.bundle]: [first, second].join(''),
    '/usr/share/ca-certificates/mozilla/first.crt': first,
    '/usr/share/ca-certificates/mozilla/second.crt': second,
  });
  expect(await unkeptCertificates({ files: createRootFiles(path) }, store)).toEqual([]);
});
