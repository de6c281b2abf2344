import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTlsAuthority, type TlsAuthority } from '../../../src/tls/authority.ts';
import { scratchDir } from '../../support/scratch.ts';
import { createLiveSystem, type LiveSystem, whyNoLiveSystem } from './support/live-system.ts';
import { corporate } from './support/root-tree.ts';

const scratch = scratchDir('trust-live');
const why = await whyNoLiveSystem();
const ashlar = join(import.meta.dirname, '../../../bin/ashlar');
const ca = join(scratch, 'ca.pem');
let authority: TlsAuthority;
let live: LiveSystem;
let server: ReturnType<typeof createServer>;
let url = '';

beforeAll(async () => {
  if (why !== '') return;
  authority = await openTlsAuthority({
    directory: join(scratch, 'authority'),
    hosts: ['localhost'],
    nowMs: Date.now,
  });
  await writeFile(ca, await authority.caBundlePem());
  server = createServer({ SNICallback: authority.sniCallback }, (_request, response) =>
    response.end('{}'),
  );
  server.on('tlsClientError', () => {});
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `https://localhost:${(server.address() as AddressInfo).port}/`;
  live = await createLiveSystem(scratch);
  // No settings of this machine, but those that a company would have.
  await writeFile(join(scratch, 'corp.pem'), corporate);
  const prepared = await live.sh(`
    rm -f /etc/npmrc /usr/etc/npmrc /usr/local/etc/npmrc /etc/environment /root/.npmrc
    mkdir -p /opt /etc/ca-certificates/update.d
    printf '#!/bin/sh\\ncat >>/tmp-hooked\\n' >/etc/ca-certificates/update.d/zz-told
    chmod 755 /etc/ca-certificates/update.d/zz-told; cp ${scratch}/corp.pem /opt/; echo cafile=/opt/corp.pem >/root/.npmrc
    update-ca-certificates`);
  if (prepared.exitCode !== 0) throw new Error(prepared.stderr.toString());
});
afterAll(() => {
  server?.closeAllConnections();
  server?.close();
});

/** Everything that the installation may touch, one line each. */
const listing =
  'find /etc /usr/local/share/ca-certificates /root/.npmrc -xdev -path /etc/ssl/certs/java -prune -o \\( -type f -exec sha256sum {} + \\) -o -type l -printf "%p -> %l\\n" | sort';

async function run(script: string, env: NodeJS.ProcessEnv = {}) {
  const home = {
    ASHLAR_HOME: join(scratch, 'home'),
    ASHLAR_STORE: `file://${scratch}/store`,
    NODE: process.execPath,
  };
  const { exitCode, stdout, stderr } = await live.sh(script, { ...home, ...env });
  return { exitCode, stdout: stdout.toString(), stderr: stderr.toString() };
}

describe.skipIf(why !== '')(`on a running system ${why}`, () => {
  const openssl = (): string => `openssl verify ${ca}`;
  const curl = (): string => `curl -sS --noproxy '*' ${url}`;
  const node = (): string =>
    `"$NODE" -e 'fetch("${url}").then((r) => console.log(r.status), (e) => { console.error(e.cause.code); process.exit(1); })'`;
  // With a cache of its own each time: npm gives what it has when a connection fails.
  const npm = (): string =>
    `npm ping --registry ${url} --fetch-retries 0 --cache "$(mktemp -d -p ${scratch})"`;

  it('the programs of the system, Node.js and npm trust the mirror after it, and not before and not after it is taken back', async () => {
    const before = (await run(listing)).stdout;
    const trusting = async (): Promise<boolean[]> => {
      const ends: boolean[] = [];
      for (const command of [openssl(), curl(), node(), npm()]) {
        // A new session, as a login makes it.
        const { exitCode } = await run(`set +u; . /etc/profile; set -u; ${command} </dev/null`);
        ends.push(exitCode === 0);
      }
      return ends;
    };
    expect(await trusting()).toEqual([false, false, false, false]);

    const installed = await run(`${ashlar} trust --install --ca ${ca}`);
    expect([installed.exitCode, installed.stderr]).toEqual([0, '']);
    expect(await trusting()).toEqual([true, true, true, true]);
    const checked = await run(
      `${ashlar} trust --check --ca ${ca} --client system,node,npm --output json`,
    );
    expect([checked.exitCode, checked.stdout]).toEqual([0, expect.stringMatching(/^\{"ok":true,/)]);
    const again = await run(`${ashlar} trust --install --ca ${ca} --output json`);
    expect(JSON.parse(again.stdout)).toMatchObject({ ok: true, changed: [] });

    const removed = await run(`${ashlar} trust --remove`);
    expect(removed.exitCode).toBe(0);
    expect(await trusting()).toEqual([false, false, false, false]);
    expect((await run(listing)).stdout).toBe(before);
    // Java's store and others like it hear of what came and went.
    const own = (await run('grep ashlar /tmp-hooked')).stdout.replaceAll(/[0-9a-f]{16}/g, 'X');
    const pem = '/etc/ssl/certs/ashlar-mirror-X.pem';
    expect(own).toBe(`+${pem}\n-${pem}\n`);
  }, 90_000);

  it('what somebody put into the bundle alone is not dropped from it', async () => {
    const before = (await run(listing)).stdout;
    const bundle = '/etc/ssl/certs/ca-certificates.crt';
    const install = `${ashlar} trust --install --ca ${ca} --client system`;
    const refusal =
      /update-ca-certificates would drop 1 of the certificates in [\s\S]*nothing was changed[\s\S]*next: Put each of them into a file of its own, \/usr\/local\/share\/ca-certificates\/NAME\.crt/;
    const own = join(scratch, 'own.pem');
    await run(
      `openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout /dev/null -out ${own} -days 30 -subj /CN=Company; cp ${bundle} /bundle; cat ${own} >>${bundle}`,
    );
    const appended = (await run(listing)).stdout;
    const refused = await run(install);
    expect([refused.exitCode, refused.stderr]).toEqual([6, expect.stringMatching(refusal)]);
    expect((await run(listing)).stdout).toBe(appended);
    await run(`cp /bundle ${bundle}`);
    expect((await run(install)).exitCode).toBe(0);
    const installed = (await run(`cp ${bundle} /bundle; cat ${own} >>${bundle}; cat ${bundle}`))
      .stdout;
    const kept = await run(`${ashlar} trust --remove`);
    expect([kept.exitCode, kept.stderr]).toEqual([6, expect.stringMatching(refusal)]);
    expect((await run(`cat ${bundle}`)).stdout).toBe(installed);
    await run(`cp /bundle ${bundle}; ${ashlar} trust --remove`);
    expect((await run(listing)).stdout).toBe(before);
  }, 60_000);

  it('a renewed authority takes the place of the old one', async () => {
    const directory = join(scratch, 'renewed');
    const renewed = join(scratch, 'renewed.pem');
    const other = await openTlsAuthority({ directory, hosts: ['localhost'], nowMs: Date.now });
    await writeFile(renewed, await other.caBundlePem());
    const before = (await run(listing)).stdout;
    await run(`${ashlar} trust --install --ca ${ca} --client system`);
    const { exitCode } = await run(`${ashlar} trust --install --ca ${renewed} --client system`);
    expect(exitCode).toBe(0);
    expect((await run(`openssl verify ${renewed}`)).exitCode).toBe(0);
    expect((await run(openssl())).exitCode).not.toBe(0);
    await run(`${ashlar} trust --remove`);
    expect((await run(listing)).stdout).toBe(before);
  }, 60_000);

  it('a variable of the session that leads elsewhere is told', async () => {
    await run(`${ashlar} trust --install --ca ${ca} --client node`);
    const session = { NODE_EXTRA_CA_CERTS: '/opt/corp.pem' };
    const { exitCode, stdout } = await run(
      `${ashlar} trust --check --ca ${ca} --client node`,
      session,
    );
    expect(exitCode).toBe(6);
    expect(stdout).toMatch(/^node {2}does not trust the mirror\n/);
    expect(stdout).toContain('$NODE_EXTRA_CA_CERTS  of this session names /opt/corp.pem');
    await run(`${ashlar} trust --remove`);
  });

  it('a program of the store that fails is told with its words, and all can be taken back', async () => {
    const before = (await run(listing)).stdout;
    const broken = `printf '#!/bin/sh\\necho no room >&2\\nexit 3\\n' >/broken; cp /usr/sbin/update-ca-certificates /whole; cp /broken /usr/sbin/update-ca-certificates`;
    const failed = await run(
      `${broken}; chmod 755 /usr/sbin/update-ca-certificates; ${ashlar} trust --install --ca ${ca} --client system`,
    );
    expect(failed.exitCode).toBe(6);
    expect(failed.stderr).toMatch(
      /update-ca-certificates ended with 3: no room[\s\S]*code: trust_store_refused/,
    );
    const removed = await run(
      `cat /whole >/usr/sbin/update-ca-certificates; ${ashlar} trust --remove`,
    );
    expect(removed.exitCode).toBe(0);
    expect((await run(listing)).stdout).toBe(before);
  }, 60_000);
});
