import { rootsFile } from '../draft.ts';
import type { StepContext } from '../step-context.ts';
import { readText } from '../text-file.ts';
import { ownSystemd } from './own-systemd.ts';

const step = 'machine-id';
const dbusPath = 'var/lib/dbus/machine-id';

/**
 * No two machines from one image may have the same id (machine-id(5)). The file is emptied and not removed: every systemd fills an empty
 * one at boot, while a missing one makes it a first boot with questions, and `uninitialized` is not known to the older.
 */
export async function planMachineId(context: StepContext): Promise<void> {
  const { draft } = context;
  const id = (await readText(draft, 'etc/machine-id'))?.trim() ?? null;
  const isMissing = id === null && (await ownSystemd(context)) !== null;
  if (isMissing || (id !== null && id !== '' && id !== 'uninitialized'))
    await draft.placeFile('etc/machine-id', Buffer.alloc(0), await ownerOf(draft), {
      step,
      why: 'each machine gets an id of its own when it boots',
    });
  const dbus = await (await draft.files()).at(dbusPath);
  if (dbus?.type === 'file' && dbus.sizeBytes > 0)
    await draft.placeLink(dbusPath, '/etc/machine-id', {
      step,
      why: 'D-Bus has the id of the machine',
    });
}

async function ownerOf(draft: StepContext['draft']): Promise<typeof rootsFile> {
  const there = await (await draft.files()).at('etc/machine-id');
  if (there?.type !== 'file') return rootsFile;
  const { mode, uid, gid } = there;
  return { mode, uid, gid };
}
