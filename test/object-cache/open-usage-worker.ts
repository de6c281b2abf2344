/** Opens the usage index that it is told of, records something, and is killed a moment later; exits with 1 where it cannot. */
import { openUsageIndex } from '../../src/object-cache/usage/usage-index.ts';

process.once('message', ({ file, aliveMs }: { file: string; aliveMs: number }) => {
  try {
    const usage = openUsageIndex(file);
    usage.record({ key: `of-${process.pid}`, sizeBytes: 1 });
    setTimeout(() => process.kill(process.pid, 'SIGKILL'), aliveMs);
  } catch (error) {
    process.stderr.write(`${String(error)}\n`);
    process.exit(1);
  }
});
process.send?.('ready');
