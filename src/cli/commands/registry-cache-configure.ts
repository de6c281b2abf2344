import {
  type CacheClient,
  cacheClients,
  clientSettings,
  type ClientSettings,
  loadCacheConfig,
  undoClientSettings,
  writeClientSettings,
} from '../../../registry-cache/index.ts';
import { createRootFiles } from '../../disk/root-files.ts';
import { AshlarError } from '../../errors/ashlar-error.ts';
import type { CommandContext } from '../command-context.ts';
import type { FinishedCommand } from '../common-options.ts';
import type { RegistryCacheSettings } from '../program-registry-cache.ts';
import { readCertificates } from '../read-certificates.ts';

export interface ConfigureSettings extends RegistryCacheSettings {
  readonly client: string;
  /** The cache as the client sees it. */
  readonly address: string;
  /** Of certificates by which the client is to know the cache; null where it knows them already. */
  readonly authorityFile: string | null;
  /** Names of registries; none for all. */
  readonly registries: readonly string[];
  readonly form: 'ns' | 'path';
  readonly fallback: 'upstream' | 'none';
  /** The file system of the client. */
  readonly rootDirectory: string;
  readonly mode: 'print' | 'write' | 'undo';
}

/** Prints, installs or takes back what a client needs to pull through the cache. Throws `config_invalid` and `privilege_missing`. */
export async function registryCacheConfigure(
  _context: CommandContext,
  settings: ConfigureSettings,
): Promise<FinishedCommand> {
  const client = cacheClients.find((each) => each === settings.client);
  if (client === undefined) {
    throw new AshlarError(
      'config_invalid',
      `there is no client ${JSON.stringify(settings.client)}`,
      {
        hint: `Name one of ${cacheClients.join(', ')}.`,
      },
    );
  }
  const files = createRootFiles(settings.rootDirectory);
  if (settings.mode === 'undo') return undone(await undoClientSettings(client, files));
  const options = await optionsOf(settings, client);
  if (settings.mode === 'print') return printed(await clientSettings(options, files));
  const { settings: made, written } = await writeClientSettings(options, files);
  const lines =
    written.length === 0 ? ['all is as it should be'] : written.map((path) => `written: ${path}`);
  return {
    json: { client, written: [...written], restart: [...made.restart], notes: [...made.notes] },
    text: [...lines, ...made.restart.map((command) => `now run: ${command}`), ...made.notes].join(
      '\n',
    ),
  };
}

async function optionsOf(settings: ConfigureSettings, client: CacheClient) {
  const config = await loadCacheConfig(settings.configFile, settings.flags);
  const chosen = settings.registries.map((name) => {
    const found = config.byHost.get(name.toLowerCase());
    if (found !== undefined) return found;
    throw new AshlarError('config_invalid', `--registry: ${name} is no registry of this cache`, {
      hint: `Name one of ${config.registries.map((each) => each.name).join(', ')}.`,
    });
  });
  const { authorityFile } = settings;
  return {
    client,
    cacheUrl: settings.address,
    authority:
      authorityFile === null ? null : (await readCertificates(authorityFile, '--ca')).join(''),
    registries: chosen.length === 0 ? config.registries : [...new Set(chosen)],
    root: config.root,
    form: settings.form,
    fallback: settings.fallback,
  };
}

function printed({ client, files, restart, notes }: ClientSettings): FinishedCommand {
  const texts = files.flatMap(({ path, text }) => [`# ${path}`, text.trimEnd(), '']);
  const commands = restart.map((command) => `# then run: ${command}`);
  return {
    json: {
      client,
      files: files.map(({ path, text }) => ({ path, text })),
      restart: [...restart],
      notes: [...notes],
    },
    text: [...texts, ...commands, ...notes.map((note) => `# ${note}`)].join('\n'),
  };
}

function undone(results: Awaited<ReturnType<typeof undoClientSettings>>): FinishedCommand {
  const lines = results.map(({ path, what }) => `${path}: ${what}`);
  return {
    json: results.map((each) => ({ ...each })),
    text: lines.length === 0 ? 'there is nothing to take back' : lines.join('\n'),
    exitCode: results.every(({ isDone }) => isDone) ? 0 : 6,
  };
}
