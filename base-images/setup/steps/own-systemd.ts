import type { StepContext } from '../step-context.ts';

const programs = ['lib/systemd/systemd', 'usr/lib/systemd/systemd'] as const;

/** The systemd that the image will start: its init, or what becomes its init, as it has no other. Null where there is none. */
export async function ownSystemd({
  facts,
  draft,
}: Pick<StepContext, 'facts' | 'draft'>): Promise<string | null> {
  const { kind } = facts.init;
  if (kind !== 'systemd' && kind !== 'none') return null;
  const files = await draft.files();
  for (const path of programs) if ((await files.follow(path))?.type === 'file') return path;
  return kind === 'systemd' ? (facts.init.realPath ?? null) : null;
}
