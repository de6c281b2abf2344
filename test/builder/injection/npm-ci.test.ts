import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { clientOf } from '../../support/npm-clients/clients.ts';
import { installClient } from '../../support/npm-clients/install-client.ts';
import { whyNoNetworkNamespace } from '../../support/netns/network-namespace.ts';
import { openSet, whyNoSet } from '../../support/npm-registry/record-set.ts';
import { type CliResult, documentOf, whyNoSteps } from '../../cli/cli-bench.ts';
import type { MirrorProcess } from '../../mirror/processes/support/mirror-process.ts';
import { fetchWithin, startFailingMirror } from './support/failing-mirror.ts';
import { makeNodeImage, type MirroredBench, openMirroredBench } from './support/mirrored-bench.ts';

const client = await installClient(clientOf('npm11'));
const lack =
  (whyNoSteps === '' ? null : whyNoSteps) ??
  (await whyNoNetworkNamespace()) ??
  (await whyNoSet('small')) ??
  (typeof client === 'string' ? client : null);

let place: MirroredBench;
let files: Readonly<Record<string, string>>;

beforeAll(async () => {
  if (lack !== null || typeof client === 'string') return;
  place = await openMirroredBench();
  await makeNodeImage(place, 'node:test', client);
  const { packageJson, lockfile } = await openSet('small');
  files = { 'package.json': packageJson, 'package-lock.json': lockfile };
}, 60_000);
afterAll(async () => {
  await place?.[Symbol.asyncDispose]();
});

const quiet = '--ignore-scripts --no-audit --no-fund --no-progress --logs-max=0 --cache /tmp/npm';
/** Asks for one packument. */
const view = `npm view ${quiet} ms@2.0.0 version`;
// What V8 compiled is different every time.
const app = `FROM node:test
ENV NODE_DISABLE_COMPILE_CACHE=1
WORKDIR /app
COPY package.json package-lock.json ./
`;

interface Mirrored {
  readonly url: string;
  readonly through: number;
  readonly without: number;
}

function mirrorOf(result: CliResult): Mirrored | null {
  if (result.exitCode !== 0) throw new Error(`${result.stdout}\n${result.stderr}`);
  return (documentOf(result) as unknown as { readonly mirror: Mirrored | null }).mirror;
}

/** Requests that a mirror answered so far, in each way. */
function answered(process: MirrorProcess): Readonly<Record<string, number>> {
  const ways = [...process.log().matchAll(/"way":"(\w+)"/g)].map(([, way = '']) => way);
  return Object.fromEntries(
    ['transparent', 'conventional'].map((way) => [way, ways.filter((one) => one === way).length]),
  );
}

const shown = ({ stderr }: CliResult): readonly string[] =>
  [...stderr.matchAll(/^#\d+ \d\S+ (.*)$/gm)].map(([, line = '']) => line);

describe.skipIf(lack !== null)(`RUN npm ci${lack === null ? '' : ` (${lack})`}`, () => {
  it('goes through the mirror, and the image is the same as without', async () => {
    const traces = `grep -rlE 'ashlar|198[.]18[.]|127[.]0[.]0[.]1:' /tmp/npm /app /root || echo no traces`;
    // The last RUN writes a lockfile of its own.
    const dockerfile = `${app}RUN env | sort | grep -v '^HOSTNAME'; ls -A /dev/ashlar /run; grep 198.18 /etc/hosts | cut -f1
RUN npm ci ${quiet} && (${traces}) && rm -rf /tmp/npm
RUN mkdir /fresh && cd /fresh && npm i --package-lock-only ${quiet} which@2.0.2 && rm -rf /tmp/npm
`;
    const through = await place.build(dockerfile, { context: files });
    expect(mirrorOf(through)).toMatchObject({ url: place.mirror.url.slice(0, -1), without: 0 });
    expect(mirrorOf(through)?.through).toBeGreaterThan(0);
    expect(through.stderr).toMatch(/npm: \d+ connections of RUN steps through the mirror at http/);
    expect(shown(through)).toContain('no traces');
    const own = answered(place.mirror);
    expect(own['transparent']).toBeGreaterThan(24);
    expect(own['conventional']).toBe(0);
    expect(answered(place.outside)['transparent']).toBe(0);
    const { requests } = await place.upstream.counts();
    const { tarballs } = await place.upstream.recorded();
    expect([...new Set(tarballs.map(({ path }) => requests[`GET ${path}`]))]).toEqual([1]);

    const args = ['--no-mirrors', '--no-cache'];
    const straight = await place.build(dockerfile, { context: files, args });
    expect(mirrorOf(straight)).toBe(null);
    expect(answered(place.mirror)).toEqual(own);
    expect(answered(place.outside)['transparent']).toBeGreaterThan(24);
    expect(documentOf(straight).digest).toBe(documentOf(through).digest);

    // What a step sees of it: a variable that has another value, a file, lines of hosts.
    const before = new Set(shown(straight));
    const added = shown(through).filter((line) => !before.has(line) && !line.startsWith('added '));
    const variable = 'NODE_EXTRA_CA_CERTS=/dev/ashlar/mirror.pem';
    const isSeen = [variable, '/dev/ashlar:', 'mirror.pem', '198.18.1.1', '198.18.1.2'];
    expect(added).toEqual(expect.arrayContaining(isSeen));
    expect(added.filter((line) => /=/.test(line))).toEqual([variable]);

    // What is cached does not ask which way it was made.
    const again = await place.build(dockerfile, { context: files });
    expect(documentOf(again).steps).toMatchObject({ executed: 0 });
    expect(documentOf(again).digest).toBe(documentOf(through).digest);
  });

  it('goes where the project, the Dockerfile and the program want it to', async () => {
    const before = answered(place.mirror);
    const ca = '/run/ashlar/ca.pem';
    const dockerfile = `${app}RUN <<EOF
set -e
env -u NODE_EXTRA_CA_CERTS npm_config_cafile=${ca} ${view}
NODE_EXTRA_CA_CERTS=${ca} ${view}
echo cafile=${ca} > .npmrc && ${view}
echo registry=${place.outsideUrl} > .npmrc && ${view}
rm .npmrc
EOF
ENV NODE_EXTRA_CA_CERTS=${ca}
RUN ${view}
`;
    const built = await place.build(dockerfile, { context: files });
    expect(mirrorOf(built)).toBe(null);
    expect(shown(built).filter((line) => line === '2.0.0')).toHaveLength(5);
    expect(answered(place.mirror)).toEqual(before);
    expect(answered(place.outside)['conventional']).toBe(1);
  });

  it('goes on where the mirror gives no connection, and says so', async () => {
    const health = await fetchWithin(place.launch, `${place.mirror.url}-/ashlar/health`);
    await using failing = await startFailingMirror(place.launch, health);
    const failed = await place.build(`${app}RUN ${view} && ls nowhere\n`, {
      context: files,
      env: { ASHLAR_MIRROR: failing.url },
    });
    expect(failed.stderr).toContain(`warning: the npm mirror at ${failing.url} is done without: `);
    expect(shown(failed)).toContain('2.0.0');
    const { error } = documentOf(failed);
    expect(error.hint).toMatch(/\(0 connections; it gave no connection for \d+ others\)/);
    expect(error.message).toContain('ls nowhere');
  });

  it('is told of where it fails through the mirror, which tells it nothing of others', async () => {
    const ask = `const { get } = require('node:https');
const [url] = process.argv.slice(1);
const { hostname: servername } = new URL(url);
const options = { servername, headers: { host: 'localhost' } };
get(new URL('/-/ashlar/status', url), options, (answer) => console.log('status', answer.resume().statusCode));`;
    const dockerfile = `${app}RUN node -e "${ask.replaceAll('\n', ' ')}" $(npm config get registry)
RUN npm view ${quiet} no-such-package-of-this-test
`;
    const failed = await place.build(dockerfile, { context: files });
    expect(shown(failed)).toContain('status 403');
    const { error } = documentOf(failed);
    expect(error.code).toBe('step_failed');
    expect(error.hint).toMatch(/through the npm mirror at http:.*--no-mirrors/);
    expect(error.data).toMatchObject({ mirror: place.mirror.url.slice(0, -1), mirrorMissed: 0 });
  });

  it('is told of a mirror that was named and is not there, and goes without', async () => {
    const built = await place.build(`${app}RUN true\n`, {
      context: files,
      env: { ASHLAR_MIRROR: 'http://127.0.0.1:9' },
    });
    expect(mirrorOf(built)).toBe(null);
    expect(built.stderr).toContain('warning: the npm mirror at http://127.0.0.1:9 is done without');
    const wrong = await place.build(`${app}RUN false\n`, {
      context: files,
      env: { ASHLAR_MIRROR: 'https://mirror.example' },
    });
    expect(documentOf(wrong).error.message).toContain('ASHLAR_MIRROR is no plain http address');
  });

  it('leaves nothing behind', async () => {
    const left = await place.bench.leftovers();
    expect(left.filter((one) => !/mirror\0serve/.test(one))).toEqual([]);
  });
});
