import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { BenchContext, Scale } from './benchmark.ts';
import { type BenchCommand, run } from './commands.ts';
import type { Ashlar } from './ashlar.ts';
import { type Buildah, buildahTrust } from './peers/buildah.ts';
import { treeArchive } from './make-tree.ts';
import { nodeTree } from './trees.ts';

/** A Node.js application with its Dockerfile, as its authors keep it. */
export interface App {
  readonly directory: string;
  /** The tar file of the base that its Dockerfile starts from. */
  readonly baseArchive: string;
  /** Changes one source file, which the Dockerfile copies after `npm ci`. */
  change(text: string): Promise<void>;
}

export const baseName = 'bench-base:latest';
export const appName = 'bench-app:latest';

/** Writes the application into a new directory. npm resolves its dependencies now, against its registry. */
export async function createApp(context: BenchContext, directory: string): Promise<App> {
  const baseArchive = await treeArchive(context, nodeTree);
  await mkdir(join(directory, 'src'), { recursive: true });
  const change = (text: string): Promise<void> =>
    writeFile(join(directory, 'src/message.js'), `module.exports = ${JSON.stringify(text)};\n`);
  await writeFile(join(directory, 'Dockerfile'), dockerfile);
  await writeFile(join(directory, '.dockerignore'), 'node_modules\n');
  await writeFile(join(directory, 'src/server.js'), server);
  await writeFile(join(directory, 'package.json'), packageJson(context.scale));
  await change('first');
  await run(context, {
    argv: ['npm', 'install', '--package-lock-only', '--no-audit', '--no-fund', '--loglevel=error'],
    cwd: directory,
  });
  return { directory, baseArchive, change };
}

/** Ashlar's command that builds the application; the base has to be in its store. */
export function ashlarBuild(
  context: BenchContext,
  ashlar: Ashlar,
  app: App,
  more: Pick<BenchCommand, 'env'> & { readonly args?: readonly string[] } = {},
): BenchCommand {
  const trust = context.caFile === undefined ? [] : ['--ca-file', context.caFile];
  // Its peer sets nothing up either.
  const plain = ['--progress', 'plain', '--no-setup'];
  const args = ['build', app.directory, '-t', appName, ...plain, ...trust];
  return ashlar.command([...args, ...(more.args ?? [])], more.env);
}

/** buildah's command that builds it. */
export function buildahBuild(context: BenchContext, buildah: Buildah, app: App): readonly string[] {
  const trust = buildahTrust(context);
  const args = ['bud', '-q', '--layers', '--isolation', 'chroot', '--pull-never', ...trust];
  const base = ['--build-arg', `BASE=localhost/${baseName}`];
  return [...buildah.argv, ...args, ...base, '-t', appName, app.directory];
}

export async function importAppBase(
  context: BenchContext,
  ashlar: Ashlar,
  app: App,
): Promise<void> {
  const source = `tar:${app.baseArchive}`;
  await run(context, ashlar.command(['image', 'import', source, '-t', baseName]));
}

// The epoch of a build changes what RUN and COPY leave behind, never the base; npm's own cache holds times.
const dockerfile = `ARG BASE=${baseName}
FROM \${BASE}
ARG NODE_EXTRA_CA_CERTS
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --no-audit --no-fund --loglevel=error && rm -rf /root/.npm /tmp/*
COPY . .
CMD ["node", "src/server.js"]
`;

const server = `const { createServer } = require('node:http');
const message = require('./message.js');
createServer((request, response) => response.end(message)).listen(8080);
`;

const dependencies: Readonly<Record<Scale, readonly string[]>> = {
  full: ['express', 'fastify', 'typescript', 'lodash', 'webpack', 'react', 'react-dom', 'rxjs'],
  quick: ['express'],
};

function packageJson(scale: Scale): string {
  const wanted = dependencies[scale].map((name) => [name, 'latest'] as const);
  const document = {
    name: 'bench-app',
    version: '1.0.0',
    private: true,
    dependencies: Object.fromEntries(wanted),
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}
