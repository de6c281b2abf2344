import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { expect, it } from 'vitest';
import { askStatus } from '../../src/cli/serving-status.ts';
import { systemErrorCode } from '../../src/errors/ashlar-error.ts';

const asked = { server: 'registry-cache', flag: '--cache-url' };

/** The "bad ports" of the Fetch standard, as far as somebody may serve a cache there. */
const shunned = [5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080];

it('a status is read at any port, those that browsers shun too', async (context) => {
  const found = await listenAtOneOf(shunned);
  if (found === null) return context.skip('all of these ports are taken');
  const { server, port } = found;
  try {
    expect(await askStatus(`http://127.0.0.1:${port}`, asked)).toEqual({ upMs: 17 });
  } finally {
    server.closeAllConnections();
    server.close();
  }
});

it('what does not answer as it should is named with the reason', async () => {
  const server = createServer((_request, response) => response.writeHead(418).end('no'));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const failure = async (address: string): Promise<unknown> =>
    askStatus(address, asked).catch((error: unknown) => error);
  const at = `127.0.0.1:${port}`;
  expect(await failure(`http://${at}`)).toMatchObject({ message: `http://${at} answered 418` });
  expect(await failure(`https://${at}`)).toMatchObject({
    code: 'server_unreachable',
    message: expect.stringContaining(`https://${at}: ${at} does not speak TLS`) as string,
  });
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
  expect(await failure(`http://${at}`)).toMatchObject({
    code: 'server_unreachable',
    message: expect.stringContaining(`${at} refused the connection`) as string,
  });
});

async function listenAtOneOf(
  ports: readonly number[],
): Promise<{ server: Server; port: number } | null> {
  for (const port of ports) {
    const server = createServer((_request, response) => response.end('{"upMs":17}'));
    try {
      server.listen(port, '127.0.0.1');
      await once(server, 'listening');
      return { server, port };
    } catch (error) {
      if (systemErrorCode(error) !== 'EADDRINUSE') throw error;
    }
  }
  return null;
}
