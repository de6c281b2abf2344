/** Stands in for a host without a default route: run in a network namespace of its own by taken-hosts.test.ts. */
import { withRunStep } from '../../../builder/run/run-step.ts';

export interface TakenRequest {
  readonly workRoot: string;
  readonly disk: string;
  readonly script: string;
}

if (process.argv[2] !== undefined) {
  const { workRoot, disk, script } = JSON.parse(process.argv[2]) as TakenRequest;
  const exitCode = await withRunStep(
    {
      workRoot,
      parentDisk: disk,
      argv: ['/bin/sh', '-c', script],
      env: {},
      workdir: '/',
      user: '',
      limits: { timeoutMs: 60_000, upperBytes: 64 * 1024 * 1024 },
      network: 'isolated',
      taken: {
        names: ['one.example'],
        take: ({ socket, name, port }) => void socket.end(`${name} ${port}\n`),
      },
      onOutput: (stream, chunk) => void process[stream].write(chunk),
    },
    (step) => Promise.resolve(step.exitCode),
  );
  process.exitCode = exitCode;
}
