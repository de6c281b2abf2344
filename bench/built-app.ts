import { join } from 'node:path';
import { type App, ashlarBuild, baseName, buildahBuild, createApp, importAppBase } from './app.ts';
import { type Ashlar, ashlarIn } from './ashlar.ts';
import type { BenchContext } from './benchmark.ts';
import { run } from './commands.ts';
import { type Buildah, openBuildah } from './peers/buildah.ts';

/** The application after its first build by Ashlar and by buildah, whose storage is removed on disposal. */
export interface BuiltApp extends AsyncDisposable {
  readonly app: App;
  readonly ashlar: Ashlar;
  readonly buildah: Buildah;
}

/** Builds the application below `directory`: what is measured then is the build after it. */
export async function buildAppOnce(context: BenchContext, directory: string): Promise<BuiltApp> {
  const app = await createApp(context, join(directory, 'app'));
  const ashlar = ashlarIn(context, join(directory, 'ashlar'));
  await importAppBase(context, ashlar, app);
  await using opening = new AsyncDisposableStack();
  const buildah = opening.use(await openBuildah(context));
  await buildah.importTar(app.baseArchive, baseName);
  await run(context, ashlarBuild(context, ashlar, app));
  await run(context, { argv: buildahBuild(context, buildah, app) });
  const held = opening.move();
  return { app, ashlar, buildah, [Symbol.asyncDispose]: () => held.disposeAsync() };
}
