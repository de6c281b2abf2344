// Collects garbage on a directory store again and again, as if DAYS had passed: STORE HOME DAYS GRACE-HOURS. Prints a
// line before the first collection, and one for each that ended.
import { collectGarbage, defaultCollectTimes } from '../../../src/collect/collect-garbage.ts';
import { createImageStore } from '../../../src/image/image-store.ts';
import { AshlarError } from '../../../src/errors/ashlar-error.ts';
import { openObjectStore } from '../../../src/store/open-object-store.ts';

const [url = '', home = '', days = '0', graceHours = '24'] = process.argv.slice(2);
const hourMs = 3600_000;
using imageStore = createImageStore(await openObjectStore(url, { create: 'never' }), home);
process.stdout.write('ready\n');
for (;;) {
  try {
    await collectGarbage(imageStore, {
      ...defaultCollectTimes,
      graceMs: Number(graceHours) * hourMs,
      mode: 'apply',
      nowMs: Date.now() + Number(days) * 24 * hourMs,
    });
    process.stdout.write('collected\n');
  } catch (error) {
    // Without a grace period an image may go while it is being tagged: the tag then hangs for a moment.
    const isDangling =
      error instanceof AshlarError && error.message.includes('is not in the store');
    if (graceHours !== '0' || !isDangling) throw error;
  }
}
