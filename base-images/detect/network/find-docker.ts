import type { BytePath } from '../../../src/index.ts';
import type { DockerFacts } from '../base-facts.ts';
import type { Look } from '../look.ts';

const maxBytes = 64 * 1024;
const maxDiversionBytes = 1024 * 1024;

/** What images for containers bring along. */
export async function findDocker(look: Look): Promise<DockerFacts> {
  const container = await look.text('run/systemd/container', maxBytes);
  return {
    policyRcD: await policyOf(look),
    initctlDivertedTo: await divertedInitctl(look),
    configuration: await configurationOf(look),
    runSystemdContainer: container?.trim() || null,
    dockerenv: (await look.files.at('.dockerenv')) !== null,
  };
}

async function policyOf(look: Look): Promise<DockerFacts['policyRcD']> {
  const path = 'usr/sbin/policy-rc.d';
  if ((await look.files.at(path)) === null) return 'none';
  const text = await look.text(path, maxBytes);
  return /^\s*exit\s+101\s*$/m.test(text ?? '') ? 'denies' : 'other';
}

/** dpkg's diversions, three lines each: the name, where it was moved, and for which package (dpkg-divert(1)). */
async function divertedInitctl(look: Look): Promise<BytePath | null> {
  const text = await look.text('var/lib/dpkg/diversions', maxDiversionBytes);
  const lines = (text ?? '').split('\n');
  for (let at = 0; at + 1 < lines.length; at += 3)
    if (lines[at] === '/sbin/initctl' || lines[at] === '/usr/sbin/initctl')
      return lines[at + 1]?.replace(/^\//, '') ?? null;
  return null;
}

async function configurationOf(look: Look): Promise<readonly BytePath[]> {
  const found: BytePath[] = [];
  const directories: readonly (readonly [BytePath, RegExp])[] = [
    ['etc/apt/apt.conf.d', /^docker-/],
    ['etc/dpkg/dpkg.cfg.d', /^(?:docker-|excludes$)/],
  ];
  for (const [directory, pattern] of directories)
    for (const name of await look.files.names(directory))
      if (pattern.test(name)) found.push(`${directory}/${name}`);
  return found;
}
