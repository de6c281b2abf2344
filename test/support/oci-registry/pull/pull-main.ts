/** The process of `startPullProcess`. */
import { answerCalls } from '../../recorded-upstream/called-process.ts';
import { pullBurst } from './pull-burst.ts';

answerCalls({
  started: { url: '' },
  target: { burst: pullBurst, [Symbol.asyncDispose]: async () => {} } as AsyncDisposable,
});
