import type { Launch } from '../recorded-upstream/called-process.ts';
import { engineCommand, rootOf } from './docker-client.ts';
import { startEngine } from './engine.ts';
import { whyNotHere } from './open-oci-client.ts';
import { createPrivateMachine } from './private-machine.ts';
import { listUnpacked } from './unpacked-root.ts';

/** The BuildKit that is in docker's engine, with an engine of its own. */
export interface DockerBuilder extends AsyncDisposable {
  readonly version: string;
  /** Lists the root of what was built, as `listUnpacked` does. Throws `CommandFailed` with all that was said. */
  build(dockerfile: string, options?: DockerBuildOptions): Promise<readonly string[]>;
  /** By the engine itself, not by BuildKit. */
  pull(image: string): Promise<void>;
  /** Makes it forget all that it has pulled and built. */
  reset(): Promise<void>;
  /** Writes a file of its machine. */
  write(path: string, text: string): Promise<void>;
  /** What `systemctl reload docker` does; resolves when the engine has these mirrors. */
  reload(mirrors: readonly string[]): Promise<void>;
}

export interface DockerBuildOptions {
  /** The files that can be copied, by their name. */
  readonly context?: Readonly<Record<string, string>>;
  /** Default 60 s. */
  readonly timeoutMs?: number;
}

export interface DockerBuilderSettings {
  /** Files below /etc, by path from there. */
  readonly etc: Readonly<Record<string, string>>;
  readonly launch?: Launch;
}

const contextPath = '/root/context';

/** A string says why it cannot run here. */
export async function openDockerBuilder({
  etc,
  launch,
}: DockerBuilderSettings): Promise<DockerBuilder | string> {
  const reason = await whyNotHere('docker');
  if (reason !== null) return reason;
  await using stack = new AsyncDisposableStack();
  const machine = stack.use(await createPrivateMachine('docker-builder', launch));
  for (const [path, text] of Object.entries(etc)) await machine.write(`/etc/${path}`, text);
  const engine = await startEngine(machine, { command: engineCommand, ready: /API listen on/ });
  if (typeof engine === 'string') return engine;
  stack.use(engine);
  const docker = async (...words: readonly string[]): Promise<string> =>
    (await machine.run(['docker', ...words])).stdout.trim();
  const version = await docker('version', '--format={{.Server.Version}}');
  const owned = stack.move();
  return {
    version,
    async build(dockerfile, { context = {}, ...limits } = {}) {
      await machine.clear(contextPath);
      for (const [name, text] of Object.entries({ ...context, Dockerfile: dockerfile }))
        await machine.write(`${contextPath}/${name}`, text);
      const words = ['docker', 'build', '--progress=plain', '--tag=built', contextPath];
      await machine.run(['env', 'DOCKER_BUILDKIT=1', ...words], limits);
      const [built] = JSON.parse(await docker('image', 'inspect', 'built'));
      return listUnpacked(await rootOf(machine, built));
    },
    async pull(image) {
      await docker('pull', '--quiet', image);
    },
    async reset() {
      await docker('image', 'rm', '--force', 'built');
      await docker('builder', 'prune', '--all', '--force');
    },
    write: (path, text) => machine.write(path, text),
    async reload(mirrors) {
      process.kill(Number(await machine.read('/run/docker.pid')), 'SIGHUP');
      const wanted = JSON.stringify(mirrors.map((mirror) => `${mirror}/`));
      const deadlineMs = performance.now() + 10_000;
      while ((await docker('info', '--format={{json .RegistryConfig.Mirrors}}')) !== wanted)
        if (performance.now() > deadlineMs) throw new TypeError('docker does not reload');
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
