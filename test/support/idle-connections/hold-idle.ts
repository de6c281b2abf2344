/**
 * A process that opens connections and leaves them idle: `node hold-idle.ts PORT COUNT`. Says when it has them, and
 * ends with its input.
 */
import { once } from 'node:events';
import { connect } from 'node:net';

const [port = 0, count = 0] = process.argv.slice(2).map(Number);
for (let opened = 0; opened < count; opened += 500) {
  const batch = Array.from({ length: Math.min(500, count - opened) }, async (_, at) => {
    // One address has only some 28,000 ports to come from.
    const localAddress = `127.0.0.${1 + (at % 4)}`;
    const socket = connect({ port, host: '127.0.0.1', localAddress });
    socket.on('error', () => {});
    await once(socket, 'connect');
  });
  await Promise.all(batch);
}
process.stdout.write('open\n');
process.stdin.on('end', () => process.exit(0)).resume();
