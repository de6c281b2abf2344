/** A worker for killed-worker.test.ts to kill: runs one isolated step for as long as it may. */
import { withRunStep } from '../../../builder/run/run-step.ts';

const [workRoot = '', disk = ''] = process.argv.slice(2);

await withRunStep(
  {
    workRoot,
    parentDisk: disk,
    argv: ['/bin/sh', '-c', '(setsid sleep 1000 &); echo started; cp -r /bin /copy; sleep 0.2'],
    env: {},
    workdir: '/',
    user: '',
    limits: { upperBytes: 64 * 1024 * 1024, memoryBytes: 256 * 1024 * 1024, pids: 100 },
    network: 'isolated',
    onOutput: (_, chunk) => process.stdout.write(chunk),
  },
  async (step) => {
    for (;;) for await (const chunk of step.diffStream()) process.stdout.write(`${chunk.length}\n`);
  },
);
