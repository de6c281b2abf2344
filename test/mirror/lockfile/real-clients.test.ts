import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkLockfile } from '../../../mirror/lockfile/check-lockfile.ts';
import { listLockfile } from '../../../mirror/lockfile/list-lockfile.ts';
import {
  parseMirrorAddress,
  parseRegistryAddress,
} from '../../../mirror/lockfile/mirror-address.ts';
import { readLockfile } from '../../../mirror/lockfile/read-lockfile.ts';
import { rewriteLockfile, type RewriteOptions } from '../../../mirror/lockfile/rewrite-lockfile.ts';
import { makeProject } from '../../support/npm-clients/client-project.ts';
import { type ClientId, clientOf } from '../../support/npm-clients/clients.ts';
import { installClient } from '../../support/npm-clients/install-client.ts';
import { listInstalled } from '../../support/npm-clients/installed-tree.ts';
import { type ClientRun, runClient } from '../../support/npm-clients/run-client.ts';
import {
  type RecordedRegistry,
  startRecordedRegistry,
} from '../../support/npm-registry/recorded-registry.ts';
import { scratchDir } from '../../support/scratch.ts';
import { testHomes } from './random-lockfile.ts';
import { startViaFront, type ViaFront } from './via-front.ts';

const scratch = scratchDir('lockfile-clients');
/** Nothing listens there. */
const nowhere = 'http://127.0.0.1:9/';
const corp = 'https://npm.corp.test:8443';
const registries = [...Object.values(testHomes), corp].map((url) =>
  parseRegistryAddress(url, '--registry'),
);

let registry: RecordedRegistry;
let front: ViaFront;

beforeAll(async () => {
  registry = await startRecordedRegistry({
    tarballUrls: 'own',
    packages: [
      { name: 'once', versions: { '1.4.0': { manifest: { dependencies: { wrappy: '^1.0.0' } } } } },
      { name: 'wrappy', versions: { '1.0.1': {}, '1.0.2': { files: { 'x.js': '1' } } } },
      { name: '@scope/ms', versions: { '2.0.0': { files: { 'index.js': '2' } } } },
      { name: 'left-pad', versions: { '1.3.0': {} } },
    ],
  });
  front = await startViaFront(registry.url);
});
afterAll(async () => {
  await front?.[Symbol.asyncDispose]();
  await registry?.[Symbol.asyncDispose]();
});

const packageJson = JSON.stringify({
  name: 'project',
  version: '1.0.0',
  private: true,
  dependencies: { once: '1.4.0', '@scope/ms': '^2.0.0', padding: 'npm:left-pad@1.3.0' },
});

function rewrite(text: string, name: string, direction: RewriteOptions['direction']): string {
  const mirror = parseMirrorAddress(front.url, '--mirror');
  const options = { mirror, registries, homes: testHomes, direction };
  return rewriteLockfile(readLockfile(text, name), options).text;
}

/** Berry writes URLs of unusual places alone; it reads them of any. */
function withArchiveUrls(text: string): string {
  return text.replaceAll(
    /(resolution: ")(@?[^@]+)@npm:([^":]+)"/g,
    (_all, start, name, version) => {
      const file = `${String(name).split('/').at(-1)}-${version}.tgz`;
      const url = encodeURIComponent(`${front.url}${name}/-/${file}`);
      return `${start}${name}@npm:${version}::__archiveUrl=${url}"`;
    },
  );
}

/** `install` and `ci` of npm 6 write package.json of packages differently. */
async function filesOf(project: string, id: ClientId): Promise<string[]> {
  const lines = await listInstalled(project);
  return lines.map((line) => (id === 'npm6' ? line.replace(/(package\.json) .*/, '$1') : line));
}

interface Case {
  readonly id: ClientId;
  readonly version: string;
  readonly npmrc?: readonly string[];
  readonly ciArgs?: readonly string[];
  readonly change?: (text: string) => string;
  /** npm 6 asks its registry where the tarball is. */
  readonly ciRegistry?: 'front';
}

const cases: readonly Case[] = [
  { id: 'npm6', version: '1', ciArgs: ['--no-audit'], ciRegistry: 'front' },
  { id: 'npm11', version: '2', npmrc: ['lockfile-version=2', 'audit=false'] },
  { id: 'npm11', version: '3', npmrc: ['audit=false'] },
  { id: 'pnpm8', version: '6.0', npmrc: ['lockfile-include-tarball-url=true'] },
  { id: 'pnpm10', version: '9.0', npmrc: ['lockfile-include-tarball-url=true'] },
  { id: 'yarn1', version: '1' },
  { id: 'yarn4', version: '10', change: withArchiveUrls },
  { id: 'bun', version: '2' },
];

describe('a lockfile that was rewritten', () => {
  it.for(cases)('is taken by $id in its version $version', async (one, ctx) => {
    const { id, version, npmrc = [], ciArgs = [], change = (text: string) => text } = one;
    const installed = await installClient(clientOf(id));
    if (typeof installed === 'string') return ctx.skip(installed);
    const { client } = installed;
    const name = client.lockfile;
    const project = async (directory: string, lockfile: string | null): Promise<string> => {
      await makeProject(client, { directory, packageJson });
      if (lockfile !== null) await writeFile(join(directory, name), lockfile);
      return directory;
    };
    const run = async (what: Pick<ClientRun, 'cwd' | 'operation' | 'args'>, url: string) => {
      const home = `${what.cwd}-home`;
      const result = await runClient(installed, { ...what, home, npmrc, registry: url });
      expect([result.output, result.exitCode]).toEqual([expect.anything(), 0]);
    };
    const place = join(scratch, `${id}-${version}`);

    const first = await project(`${place}-first`, null);
    await run({ cwd: first, operation: 'install' }, front.url);
    const made = change(await readFile(join(first, name), 'utf8'));
    expect(readLockfile(made, name).version).toBe(version);
    expect(
      listLockfile(made, name)
        .map((need) => `${need.name}@${need.version}`)
        .toSorted(),
    ).toEqual(['@scope/ms@2.0.0', 'left-pad@1.3.0', 'once@1.4.0', 'wrappy@1.0.2']);

    const restored = rewrite(made, name, 'to-registry');
    expect(restored).not.toContain('127.0.0.1');
    expect(checkLockfile(readLockfile(restored, name), { type: 'public', registries })).toEqual([]);
    expect(rewrite(restored, name, 'to-mirror')).toBe(made);

    const home = testHomes[readLockfile(made, name).kind];
    const ofCorp = restored
      .replaceAll(home, corp)
      .replaceAll(encodeURIComponent(home), encodeURIComponent(corp));
    const mirrored = rewrite(ofCorp, name, 'to-mirror');
    front.takeVia();
    const second = await project(`${place}-second`, mirrored);
    const ciRegistry = one.ciRegistry === 'front' ? front.url : nowhere;
    await run({ cwd: second, operation: 'ci', args: ciArgs }, ciRegistry);
    const installedFiles = await filesOf(second, id);
    expect(installedFiles).toEqual(await filesOf(first, id));
    expect(installedFiles.length).toBeGreaterThan(4);
    expect(await readFile(join(second, name), 'utf8')).toBe(mirrored);
    if (one.ciRegistry === undefined) {
      expect(front.takeVia().map(decodeURIComponent).toSorted()).toEqual([
        `${corp}/@scope/ms/-/ms-2.0.0.tgz`,
        `${corp}/left-pad/-/left-pad-1.3.0.tgz`,
        `${corp}/once/-/once-1.4.0.tgz`,
        `${corp}/wrappy/-/wrappy-1.0.2.tgz`,
      ]);
    }
  });
});
