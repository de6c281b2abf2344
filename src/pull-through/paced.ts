import { AttemptFailure } from '../upstream/attempt-failure.ts';
import type { TransferPlan } from './transfer.ts';

/** A body that comes, but so slowly that another request will do better. */
export class SlowBody extends AttemptFailure {}

/**
 * The same pieces; throws `SlowBody` when less than the least came in a stretch of waiting for them. What the reader itself takes
 * does not count.
 */
export async function* paced(
  body: AsyncIterable<Buffer>,
  { subject, limits, monotonicMs = () => performance.now() }: TransferPlan,
): AsyncGenerator<Buffer> {
  let waitedMs = 0;
  let cameBytes = 0;
  let askedMs = monotonicMs();
  for await (const bytes of body) {
    waitedMs += monotonicMs() - askedMs;
    cameBytes += bytes.length;
    if (waitedMs >= limits.paceMs) {
      if (cameBytes * 1000 < limits.minBytesPerSec * waitedMs) {
        const problem = `${subject} stalls: ${cameBytes} bytes came in ${Math.round(waitedMs / 1000)} s`;
        throw new SlowBody(problem, { code: 'registry_unavailable', isPassing: true });
      }
      waitedMs = 0;
      cameBytes = 0;
    }
    yield bytes;
    askedMs = monotonicMs();
  }
}
