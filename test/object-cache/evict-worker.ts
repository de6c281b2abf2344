import { createEvictor } from '../../src/object-cache/usage/usage-evictor.ts';
import { openUsageIndex } from '../../src/object-cache/usage/usage-index.ts';
import { openObjectStore } from '../../src/store/open-object-store.ts';

/** A process that, once told to, makes room under argv[4] bytes for one object; in the store argv[2], index argv[3]. */
const [url = '', file = '', maxBytes = '0'] = process.argv.slice(2);
const store = await openObjectStore(url);
using usage = openUsageIndex(file);
const limits = { maxBytes: Number(maxBytes), keepShare: 1, spareMs: 1000 };
const evictor = createEvictor({ store, usage, ...limits });
process.send?.('ready');
await new Promise((resolve) => process.once('message', resolve));
const hasRoom = await evictor.makeRoom(1);
process.exitCode = hasRoom ? 0 : 3;
process.disconnect();
