import type { CachedRegistry } from '../config/cached-registry.ts';
import { authorityFiles, authorityPath } from './authority-file.ts';
import { pathPrefix } from './cache-address.ts';
import type { ClientSettings, SettingsContext } from './client-settings.ts';
import { editedFile, readSettings, settingsProblem, wholeFile } from './settings-file.ts';
import { type TomlStatement, tomlString } from './toml-statements.ts';
import { quoted, statementsOf } from './toml-text.ts';

const main = '/etc/containers/registries.conf';
const dropIns = '/etc/containers/registries.conf.d';
const path = `${dropIns}/050-ashlar.conf`;
const certificates = '/etc/containers/certs.d';

/**
 * A file of its own beside `registries.conf` (containers-registries.conf.d(5)), which podman, buildah, skopeo and CRI-O read each
 * time. They say which registry they mean by the path alone. What such a file says of a registry replaces what others say.
 */
export async function podmanSettings(
  context: SettingsContext,
): Promise<Omit<ClientSettings, 'client'>> {
  const { registries, files, cache } = context;
  await refuseOthers(context);
  const before = await readSettings(files, path);
  const text = [
    `# The registry cache at ${cache.origin} is asked first for images of these registries.\n`,
    ...registries.map((registry) => registryTables(context, registry)),
  ].join('\n');
  const file =
    before === null
      ? wholeFile(path, text)
      : editedFile(
          path,
          before,
          before === text ? [] : [{ offset: 0, removed: before, inserted: text }],
        );
  return {
    files: [...(await authorityFiles(context, authorityPath(context, certificates))), file],
    restart: [],
    notes: [
      'podman, buildah and skopeo read this each time; where CRI-O runs: systemctl reload crio.',
      'Credentials for a registry are not sent to its mirrors; log in to the cache for private images.',
    ],
  };
}

/** Without a fallback the cache stands in the place of the registry, and is no mirror of it. */
function registryTables({ cache, fallback }: SettingsContext, registry: CachedRegistry): string {
  const location = `location = ${quoted(`${cache.host}/${pathPrefix(registry)}`)}`;
  const lines = [
    '[[registry]]',
    `prefix = ${quoted(registry.name)}`,
    ...(fallback === 'none'
      ? [location]
      : [`location = ${quoted(registry.name)}`, '', '[[registry.mirror]]', location]),
    ...(cache.scheme === 'http' ? ['insecure = true'] : []),
  ];
  return `${lines.join('\n')}\n`;
}

/** What somebody else has said of a registry, such as that it is blocked, must not be lost. */
async function refuseOthers({ files, registries }: SettingsContext): Promise<void> {
  const names = (await files.list(dropIns)).filter((name) => name.endsWith('.conf'));
  const others = [main, ...names.map((name) => `${dropIns}/${name}`)].filter(
    (each) => each !== path,
  );
  for (const other of others) {
    const text = await readSettings(files, other);
    if (text === null) continue;
    const stated = new Set(statedPrefixes(other, text));
    const both = registries.find(({ name }) => stated.has(name));
    if (both === undefined) continue;
    throw settingsProblem(
      other,
      `has settings for ${both.name}, which those for the cache would replace`,
      'Add the [[registry.mirror]] of what the command prints without --write there, or take them out.',
    );
  }
}

/** The prefixes of all registries of a file; where one has none, its location is meant. */
function statedPrefixes(file: string, text: string): readonly string[] {
  const found: { prefix: string | null; location: string | null }[] = [];
  for (const statement of statementsOf(file, text)) {
    const [first, key, ...more] = statement.path;
    if (first !== 'registry') continue;
    if (statement.kind === 'tables' && key === undefined)
      found.push({ prefix: null, location: null });
    if (statement.kind === 'value' && key === undefined)
      throw settingsProblem(file, 'has its registries in a form that is not understood here');
    const last = found.at(-1);
    if (last === undefined || more.length > 0 || statement.kind !== 'value') continue;
    if (key === 'prefix') last.prefix = stringOf(statement);
    if (key === 'location') last.location = stringOf(statement);
  }
  return found.map(({ prefix, location }) => prefix || location || '');
}

function stringOf({ value }: TomlStatement): string | null {
  return value === null ? null : tomlString(value.text);
}
