import { authorityFiles } from './authority-file.ts';
import { pathPrefix } from './cache-address.ts';
import type { ClientSettings, SettingsContext } from './client-settings.ts';
import {
  appendEdit,
  editedFile,
  readSettings,
  settingsProblem,
  wholeFile,
} from './settings-file.ts';
import { mayHold, quoted, startsWith, statementsOf } from './toml-text.ts';

const path = '/etc/buildkit/buildkitd.toml';
const authorityFile = '/etc/buildkit/ashlar-ca.crt';

/**
 * BuildKit's one file of settings (moby/buildkit, docs/buildkitd.toml.md): a mirror for each registry, and that the cache is
 * spoken to over http, or whose certificate it shows. It names the registry with `?ns=` whatever its mirror is.
 */
export async function buildkitSettings(
  context: SettingsContext,
): Promise<Omit<ClientSettings, 'client'>> {
  const { cache, files } = context;
  if (context.fallback === 'none')
    throw settingsProblem(
      path,
      'cannot say that BuildKit must not ask the registry itself',
      'Leave out --fallback none.',
    );
  const before = await readSettings(files, path);
  const text = tables(context).join('\n');
  const file =
    before === null
      ? wholeFile(
          path,
          `# The registry cache at ${cache.origin} is asked first for images.\n\n${text}`,
        )
      : editedFile(path, before, merge(before, context));
  const all = [...(await authorityFiles(context, authorityFile)), file];
  return {
    files: all,
    restart: all.every((each) => each.before === each.text) ? [] : ['systemctl restart buildkit'],
    notes: [
      `A builder in a container gets these settings when it is made: docker buildx create --buildkitd-config ${path} (--config before buildx 0.15).`,
    ],
  };
}

function tables({ cache, registries, form, authority }: SettingsContext): readonly string[] {
  const mirrors = registries.map((registry) => {
    const mirror = form === 'ns' ? cache.host : `${cache.host}/${pathPrefix(registry)}`;
    return `[registry.${quoted(registry.name)}]\n  mirrors = [${quoted(mirror)}]\n`;
  });
  const own = `[registry.${quoted(cache.host)}]\n`;
  if (cache.scheme === 'http') return [...mirrors, `${own}  http = true\n`];
  return authority === null ? mirrors : [...mirrors, `${own}  ca = [${quoted(authorityFile)}]\n`];
}

/** All of it is there, or none: a table cannot be in a file twice. */
function merge(before: string, context: SettingsContext) {
  const wanted = tables(context);
  if (wanted.every((table) => `\n${before}`.includes(`\n${table}`))) return [];
  const statements = statementsOf(path, before);
  const names = [...context.registries.map(({ name }) => name), context.cache.host];
  for (const name of names) {
    const own = ['registry', name];
    if (statements.some((each) => startsWith(each.path, own) || mayHold(each, own)))
      throw settingsProblem(path, `has settings for the registry ${name} already`);
  }
  return [appendEdit(before, wanted.join('\n'))];
}
