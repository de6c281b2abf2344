import type { CachedRegistry } from '../config/cached-registry.ts';
import { authorityFiles, authorityPath } from './authority-file.ts';
import { ownOrigin, pathPrefix } from './cache-address.ts';
import type { ClientSettings, SettingsContext, SettingsFile } from './client-settings.ts';
import { hostsDirectory } from './containerd-config.ts';
import { editedFile, readSettings, settingsProblem, wholeFile } from './settings-file.ts';
import { quoted, startsWith, statementsOf } from './toml-text.ts';

/**
 * A `hosts.toml` for each registry (containerd, docs/hosts.md), which is read at each pull, and the directory of those in
 * containerd's configuration, which is not.
 */
export async function containerdSettings(
  context: SettingsContext,
): Promise<Omit<ClientSettings, 'client'>> {
  const { directory, file, notes } = await hostsDirectory(context.files);
  const authority = authorityPath(context, directory);
  const known = { ...context, authorityPath: context.authority === null ? null : authority };
  const hosts: SettingsFile[] = [...(await authorityFiles(context, authority))];
  for (const registry of context.registries)
    hosts.push(
      await hostsFile(known, { registry, path: `${directory}/${registry.name}/hosts.toml` }),
    );
  const isChanged = file !== null && file.before !== file.text;
  return {
    files: [...hosts, ...(file === null ? [] : [file])],
    restart: isChanged ? ['systemctl restart containerd'] : [],
    notes: [
      ...notes,
      `ctr reads these files with --hosts-dir ${directory} alone; Kubernetes and nerdctl do without.`,
    ],
  };
}

interface HostsContext extends SettingsContext {
  /** Null where containerd is to know the cache already. */
  readonly authorityPath: string | null;
}

async function hostsFile(
  context: HostsContext,
  { registry, path }: { readonly registry: CachedRegistry; readonly path: string },
): Promise<SettingsFile> {
  const text = hostsText(context, registry);
  const before = await readSettings(context.files, path);
  if (before === null) return wholeFile(path, text);
  if (before === text) return editedFile(path, before, []);
  return mergedHosts(context, { registry, path, before });
}

function hostsText(context: HostsContext, registry: CachedRegistry): string {
  const { fallback, cache, authorityPath: authority } = context;
  const server = fallback === 'none' ? cacheBase(context, registry) : ownOrigin(registry);
  const head = `server = ${quoted(server)}\n`;
  const path = fallback === 'none' && context.form === 'path' ? 'override_path = true\n' : '';
  const ca = fallback === 'none' && authority !== null ? `ca = ${quoted(authority)}\n` : '';
  return `# The registry cache at ${cache.origin} is asked for images of ${registry.name}.\n${head}${path}${ca}\n${hostTable(context, registry)}`;
}

function cacheBase({ cache, form }: SettingsContext, registry: CachedRegistry): string {
  return form === 'ns' ? cache.origin : `${cache.origin}/v2/${pathPrefix(registry)}`;
}

function hostTable(context: HostsContext, registry: CachedRegistry): string {
  const lines = [
    `[host.${quoted(cacheBase(context, registry))}]`,
    '  capabilities = ["pull", "resolve"]',
    ...(context.form === 'path' ? ['  override_path = true'] : []),
    ...(context.authorityPath === null ? [] : [`  ca = ${quoted(context.authorityPath)}`]),
  ];
  return `${lines.join('\n')}\n`;
}

/** Hosts are asked in the order in which they stand: the cache comes before those of somebody else. */
function mergedHosts(
  context: HostsContext,
  file: { readonly registry: CachedRegistry; readonly path: string; readonly before: string },
): SettingsFile {
  const { registry, path, before } = file;
  const statements = statementsOf(path, before);
  const base = cacheBase(context, registry);
  const all = statements.filter((statement) => startsWith(statement.path, ['host']));
  const hosts = all.filter(({ kind }) => kind !== 'value');
  if (
    all.some(({ table }) => !startsWith(table, ['host'])) ||
    hosts.some(({ kind, path: [, url] }) => kind !== 'table' || url === undefined)
  )
    throw settingsProblem(path, 'has its hosts in a form that is not understood here');
  const own = hosts.find(({ path: [, url] }) => url?.replace(/\/$/, '') === base);
  if (own !== undefined) {
    const hasCa = all.some((each) => startsWith(each.path, [...own.path, 'ca']));
    if (context.authorityPath === null || hasCa) return editedFile(path, before, []);
    throw settingsProblem(
      path,
      'names the cache already, without an authority',
      `Add the line ca = ${quoted(context.authorityPath)} to its table, or take the table out.`,
    );
  }
  if (context.fallback === 'none')
    throw settingsProblem(
      path,
      'is there already, and names where containerd goes when the cache fails',
      'Remove it, or let containerd go there.',
    );
  const offset = hosts[0]?.start ?? before.length;
  const gap = offset === before.length && !before.endsWith('\n') ? '\n' : '';
  const inserted = `${gap}${hostTable(context, registry)}${offset === before.length ? '' : '\n'}`;
  return editedFile(path, before, [{ offset, removed: '', inserted }]);
}
