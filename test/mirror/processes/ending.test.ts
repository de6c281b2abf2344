import { once } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { scratchDir } from '../../support/scratch.ts';
import { openSocket, readUntil } from '../support/raw-talk.ts';
import { startScriptedUpstream } from '../support/scripted-upstream.ts';
import { startMirrorProcess } from './support/mirror-process.ts';

const scratch = scratchDir('mirror-ending');
const far = `127.84.${process.pid % 250}.7`;

it('ends within seconds of being told to, whatever its clients do', async () => {
  const silent = createServer((socket) => socket.on('error', () => {})).listen(8443, far);
  await once(silent, 'listening');
  await using upstream = await startScriptedUpstream((request, response) => {
    if (request.url?.endsWith('.tgz') !== true) return;
    response.writeHead(200, { 'content-length': 100e6 });
    response.write(Buffer.alloc(20e6));
  });
  const registries = [{ name: 'npm', hosts: ['registry.npm.test'], upstreams: [upstream.url] }];
  const mirror = await startMirrorProcess({
    home: join(scratch, 'home'),
    config: { registries, trustedHosts: [far] },
    listen: ['--listen', '127.0.0.1:0', '--tls-listen', '127.0.0.1:0'],
  });
  const { http, tls } = mirror.ready;
  const say = async (port: number, text: string | Buffer): ReturnType<typeof openSocket> => {
    const socket = await openSocket({ port });
    socket.pause();
    socket.write(text);
    return socket;
  };
  const head = 'HTTP/1.1\r\nHost: a\r\n\r\n';
  const tunnel = await openSocket({ port: http.port });
  tunnel.write(`CONNECT ${far}:8443 ${head}`);
  expect(await readUntil(tunnel, { until: '\r\n\r\n' })).toContain('200');
  const inner = await openSocket({ port: http.port });
  inner.write(`CONNECT registry.npm.test:443 ${head}`);
  await readUntil(inner, { until: '\r\n\r\n' });
  const sockets = [
    tunnel,
    inner,
    await say(http.port, ''),
    await say(http.port, 'GET /half HTTP/1.1\r\nHo'),
    await say(http.port, `GET /waits ${head}`),
    await say(http.port, `GET /-/whoami ${head}`),
    await say(http.port, `PUT /pkg HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n{`),
    await say(http.port, `GET /one/-/one-1.0.0.tgz ${head}`),
    // Nobody answers there: the connection is still being made.
    await say(http.port, `CONNECT 192.0.2.1:443 ${head}`),
    await say(tls?.port ?? 0, ''),
    await say(tls?.port ?? 0, Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01])),
  ];
  await expect.poll(() => upstream.seen.length, { timeout: 5_000 }).toBeGreaterThan(2);
  await pause(300);
  const beganMs = performance.now();
  // Fails where it does not end within ten seconds.
  await mirror[Symbol.asyncDispose]();
  expect(performance.now() - beganMs).toBeLessThan(8_000);
  for (const socket of sockets) socket.destroy();
  silent.close();
}, 60_000);
