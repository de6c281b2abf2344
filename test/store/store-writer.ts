import { createHash, randomBytes } from 'node:crypto';
import { openObjectStore } from '../../src/store/open-object-store.ts';

/**
 * A process that writes to the store at argv[3], to be killed or raced against:
 * `forever` puts objects of random bytes at `digest/<sha256 of the bytes>` and replaces `reference` by each, and says
 * `ready` when the first is there; `race KEYS` puts each of `race/0` to `race/KEYS-1` and prints those it created.
 */
const [mode = '', url = '', count = '0'] = process.argv.slice(2);
const store = await openObjectStore(url);

if (mode === 'race') {
  const created: string[] = [];
  for (let index = 0; index < Number(count); index += 1) {
    const key = `race/${index}`;
    if ((await store.put(key, Buffer.alloc(20_000, process.pid % 256))) === 'created')
      created.push(key);
  }
  process.stdout.write(JSON.stringify(created));
}

const rounds = mode === 'forever' ? Number.POSITIVE_INFINITY : 0;
for (let round = 0; round < rounds; round += 1) {
  const bytes = randomBytes(1_000_000 + (round % 5) * 500_000);
  const name = createHash('sha256').update(bytes).digest('hex');
  await store.put(`digest/${name.slice(0, 2)}/${name}`, bytes);
  await store.replace('reference', Buffer.from(`${name}\n`.repeat(20_000)));
  if (round === 0) process.stdout.write('ready\n');
}
