import type { Reason } from '../draft.ts';
import type { StepContext } from '../step-context.ts';
import { bytesOf, linesOf, readText } from '../text-file.ts';
import { rootsFile } from '../draft.ts';

const step = 'docker-leftovers';
const diversions = 'var/lib/dpkg/diversions';

/**
 * What images for containers bring along and a machine does not want: that services never start, that upstart's initctl does nothing, and
 * that programs take the machine for a container.
 */
export async function planDockerLeftovers({ facts, draft }: StepContext): Promise<void> {
  const { docker } = facts;
  if (docker.policyRcD === 'denies')
    await draft.remove('usr/sbin/policy-rc.d', {
      step,
      why: 'it forbids services to start when they are installed',
    });
  if (docker.initctlDivertedTo !== null) await endDiversion(draft, docker.initctlDivertedTo);
  if (docker.dockerenv)
    await draft.remove('.dockerenv', { step, why: 'the image runs in a machine, not in docker' });
  if (docker.runSystemdContainer !== null)
    await draft.remove('run/systemd/container', {
      step,
      why: 'the image runs in a machine, not in docker',
    });
}

/** As `dpkg-divert --rename --remove` does: three lines a diversion, then the file back in its place. */
async function endDiversion(draft: StepContext['draft'], divertedTo: string): Promise<void> {
  const reason: Reason = { step, why: 'upstart has its initctl again' };
  const lines = linesOf((await readText(draft, diversions)) ?? '');
  for (let index = 0; index + 2 < lines.length; index += 3) {
    const [from = '', to = ''] = lines.slice(index, index + 2);
    if (to.replace(/^\/+/, '') !== divertedTo) continue;
    const files = await draft.files();
    if ((await files.at(divertedTo))?.type === 'file')
      await draft.move(divertedTo, from.replace(/^\/+/, ''), reason);
    const left = lines.toSpliced(index, 3);
    const text = left.map((line) => `${line}\n`).join('');
    await draft.editFile(diversions, bytesOf(text), rootsFile, reason);
    return;
  }
}
