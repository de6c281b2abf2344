import { type BytePath, toDisplay } from '../../../src/index.ts';
import { rootsFile } from '../draft.ts';
import type { StepContext } from '../step-context.ts';
import { bytesOf } from '../text-file.ts';
import { ownSystemd } from './own-systemd.ts';

const step = 'resolver';
const path = 'etc/resolv.conf';

const text = '# The machine that boots this image puts its name servers here.\n';

const resolvedPrograms = ['lib/systemd/systemd-resolved', 'usr/lib/systemd/systemd-resolved'];

/**
 * A file into which the machine can write its name servers. A link is replaced, and never written through: where it leads to, such as
 * resolvconf's directory below /run, there is nothing before a boot. That of systemd-resolved stays in an image that starts it.
 */
export async function planResolver(context: StepContext): Promise<void> {
  const { draft, note } = context;
  const files = await draft.files();
  const there = await files.at(path);
  if (there?.type === 'file') return;
  if (there?.type === 'symlink' && (await ownSystemd(context)) !== null) {
    const isResolved = toDisplay(there.target ?? '').includes('/systemd/resolve/');
    const programs = await Promise.all(resolvedPrograms.map((name) => files.follow(name)));
    if (isResolved && programs.some((program) => program !== null)) {
      note({
        step,
        kind: 'kept',
        what: `/${path} is a link to ${toDisplay(there.target ?? '')}`,
        why: 'the image starts systemd-resolved, which makes that file',
      });
      return;
    }
  }
  await draft.placeFile(path, bytesOf(text), rootsFile, {
    step,
    why: whyOf(there?.target ?? null),
  });
}

function whyOf(target: BytePath | null): string {
  return target === null
    ? 'a place for the name servers of the machine'
    : `a place for the name servers of the machine, instead of a link to ${toDisplay(target)}`;
}
