import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { runChecked } from '../../../../src/process/run-command.ts';
import type { Launch } from '../../../support/npm-registry/registry-process.ts';

/** A mirror that is well, as far as it says, and ends every connection that it is asked for. */
export interface FailingMirror extends AsyncDisposable {
  readonly url: string;
}

/** `health` is what another mirror says of itself. */
export async function startFailingMirror(launch: Launch, health: string): Promise<FailingMirror> {
  const [file = '', ...args] = launch([process.execPath, '-e', program, health]);
  const bound = ['--pdeathsig', 'KILL', file, ...args];
  const child = spawn('setpriv', bound, { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  const [said] = (await once(child.stdout, 'data', { signal: AbortSignal.timeout(20_000) })) as [
    Buffer,
  ];
  return {
    url: `http://127.0.0.1:${said.toString()}`,
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await exited;
    },
  };
}

const program = `
const server = require('node:http').createServer((request, response) => response.end(process.argv[1]));
server.on('connect', (request, socket) => socket.destroy());
server.listen(0, '127.0.0.1', () => process.stdout.write(String(server.address().port)));
`;

/** The text at an address of another network. */
export async function fetchWithin(launch: Launch, url: string): Promise<string> {
  const fetching =
    'fetch(process.argv[1]).then((r) => r.text()).then((t) => process.stdout.write(t))';
  const [file = '', ...args] = launch([process.execPath, '-e', fetching, url]);
  return (await runChecked(file, args)).stdout.toString();
}
