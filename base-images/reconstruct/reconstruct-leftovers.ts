import type { Release } from '../releases/release.ts';
import type { Machine } from './machine.ts';
import type { ReconstructedFile, ReconstructedTree } from './reconstructed-tree.ts';

/** What is in an image for containers alone, and a machine of its own does not want. */
export function reconstructLeftovers({ image }: Release, { program }: Machine): ReconstructedTree {
  const files: Record<string, ReconstructedFile> = {
    'etc/resolv.conf':
      image.resolvConf.value === 'link' ? { target: '../run/resolvconf/resolv.conf' } : '',
  };
  for (const path of image.dockerConfiguration.value) files[path] = '# for containers\n';
  if (image.policyRcD.value)
    files['usr/sbin/policy-rc.d'] = { content: '#!/bin/sh\nexit 101\n', mode: 0o755 };
  if (image.runSystemdContainer.value !== null)
    files['run/systemd/container'] = `${image.runSystemdContainer.value}\n`;
  if (!image.initctlDiverted.value) return files;
  return {
    ...files,
    'var/lib/dpkg/diversions': '/sbin/initctl\n/sbin/initctl.distrib\n:\n',
    'sbin/initctl': { content: '#!/bin/sh\nexit 0\n', mode: 0o755 },
    'sbin/initctl.distrib': program,
  };
}
