import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { clientSettings } from '../../../registry-cache/clients/client-settings.ts';
import type { ClientSettingsOptions } from '../../../registry-cache/clients/client-settings.ts';
import { writeClientSettings } from '../../../registry-cache/clients/write-client-settings.ts';
import { hasCode } from '../../../src/errors/has-code.ts';
import { runCommand } from '../../../src/process/run-command.ts';
import { read, type RootSketch } from '../../mirror/trust/support/root-tree.ts';
import { scratchDir } from '../../support/scratch.ts';
import {
  clientRoot,
  judgeToml,
  optionsFor,
  registries,
  whyNoTomlJudge,
} from './support/client-root.ts';

const scratch = scratchDir('cache-containerd');
const configPath = '/etc/containerd/config.toml';
const certs = '/etc/containerd/certs.d';
const whyNoJudge = await whyNoTomlJudge();
const v2 = 'plugins."io.containerd.grpc.v1.cri"';
const v3 = "plugins.'io.containerd.cri.v1.images'";

const debian = `version = 2

[plugins]
  [plugins."io.containerd.grpc.v1.cri"]
    [plugins."io.containerd.grpc.v1.cri".cni]
      bin_dir = "/usr/lib/cni"
      conf_dir = "/etc/cni/net.d"
  [plugins."io.containerd.internal.v1.opt"]
    path = "/var/lib/containerd/opt"
`;

async function made(
  sketch: RootSketch = {},
  more: Partial<ClientSettingsOptions> = {},
): Promise<{ texts: ReadonlyMap<string, string>; restart: readonly string[]; notes: string }> {
  const root = clientRoot(scratch, sketch);
  const settings = await clientSettings(optionsFor('containerd', more), root.files);
  const texts = new Map(settings.files.map(({ path, text }) => [path, text]));
  return { texts, restart: settings.restart, notes: settings.notes.join('\n') };
}

async function configOf(before: string): Promise<string> {
  return (await made({ [configPath]: before })).texts.get(configPath) ?? '';
}

describe('hosts.toml', () => {
  it('is made for each registry, which ?ns= names', async () => {
    const { texts } = await made();
    expect(texts.get(`${certs}/docker.io/hosts.toml`)).toBe(
      `# The registry cache at http://cache.example:5000 is asked for images of docker.io.
server = "https://registry-1.docker.io"

[host."http://cache.example:5000"]
  capabilities = ["pull", "resolve"]
`,
    );
    expect(texts.get(`${certs}/ghcr.io/hosts.toml`)).toContain('server = "https://ghcr.io"\n');
  });

  it('names the registry in the path where that is asked for', async () => {
    const { texts } = await made({}, { form: 'path' });
    expect(texts.get(`${certs}/ghcr.io/hosts.toml`)).toContain(
      `[host."http://cache.example:5000/v2/ghcr.io"]
  capabilities = ["pull", "resolve"]
  override_path = true
`,
    );
  });

  it('leads nowhere else where that is asked for', async () => {
    const { texts } = await made({}, { fallback: 'none' });
    expect(texts.get(`${certs}/docker.io/hosts.toml`)).not.toContain('registry-1');
    expect(texts.get(`${certs}/docker.io/hosts.toml`)).toContain(
      'server = "http://cache.example:5000"\n',
    );
  });

  it('of a registry with a port has it in its name, and no path', async () => {
    const own = { registries: registries('registry.example:5000') };
    const { texts } = await made({}, own);
    expect(texts.get(`${certs}/registry.example:5000/hosts.toml`)).toContain(
      'server = "https://registry.example:5000"\n',
    );
    await expect(made({}, { ...own, form: 'path' })).rejects.toThrow(
      'registry.example:5000 cannot stand in a path, as it has a port',
    );
  });

  it('of somebody else gets the cache before its own hosts', async () => {
    const path = `${certs}/docker.io/hosts.toml`;
    const before = `server = "https://x.example" # mine\n\n[host."https://one.example"]\n  skip_verify = true\n`;
    const { texts } = await made({ [path]: before });
    const text = texts.get(path) ?? '';
    expect(text).toBe(
      `server = "https://x.example" # mine

[host."http://cache.example:5000"]
  capabilities = ["pull", "resolve"]

[host."https://one.example"]
  skip_verify = true
`,
    );
    const again = await made({ [path]: text });
    expect(again.texts.get(path)).toBe(text);
    await expect(made({ [path]: before }, { fallback: 'none' })).rejects.toThrow(
      'is there already',
    );
    expect((await made({ [path]: 'server = "https://x.example"' })).texts.get(path)).toBe(
      `server = "https://x.example"\n[host."http://cache.example:5000"]\n  capabilities = ["pull", "resolve"]\n`,
    );
  });

  it.each([
    ['host = {"https://a.b" = {}}\n'],
    ['host."https://a.b".skip_verify = true\n'],
    ['server = \n'],
    ['server = """\nx"""\n'],
  ])('of somebody else is refused as %j', async (text) => {
    await expect(made({ [`${certs}/ghcr.io/hosts.toml`]: text })).rejects.toMatchObject({
      code: 'config_invalid',
    });
  });
});

describe('config.toml', () => {
  it('is made where there is none, or nothing in it', async () => {
    const fresh = `version = 2

[plugins."io.containerd.grpc.v1.cri".registry]
  config_path = "/etc/containerd/certs.d"
`;
    const { texts, restart } = await made();
    expect(texts.get(configPath)).toBe(fresh);
    expect(restart).toEqual(['systemctl restart containerd']);
    expect(await configOf('# nothing\n')).toBe(`# nothing\n\n${fresh}`);
  });

  it('gets one table at its end, by its version', async () => {
    const table = (name: string) => `\n[${name}.registry]\n  config_path = "${certs}"\n`;
    expect(await configOf(debian)).toBe(`${debian}${table(v2)}`);
    const three = 'version = 3\n[plugins]\n  oom_score = 0';
    expect(await configOf(three)).toBe(
      `${three}\n${table('plugins."io.containerd.cri.v1.images"')}`,
    );
  });

  it('gets one line where the table is there', async () => {
    expect(await configOf(`version = 3\n[${v3}.registry] # mine\n  x = 1\n[other]\n`)).toBe(
      `version = 3\n[${v3}.registry] # mine\n  config_path = "${certs}"\n  x = 1\n[other]\n`,
    );
    expect(await configOf(`version = 2\n  [${v2}.registry]`)).toBe(
      `version = 2\n  [${v2}.registry]\n    config_path = "${certs}"\n`,
    );
    const headers = `version = 2\n[${v2}.registry.headers]\n  x = ["y"]\n`;
    expect(await configOf(headers)).toBe(
      `${headers}\n[${v2}.registry]\n  config_path = "${certs}"\n`,
    );
  });

  it('has an empty path filled in', async () => {
    expect(await configOf(`version = 3\n[${v3}.registry]\nconfig_path = '' # none\n`)).toBe(
      `version = 3\n[${v3}.registry]\nconfig_path = "${certs}" # none\n`,
    );
    expect(await configOf(`version = 2\n[${v2}]\n  registry.config_path = ""\n`)).toBe(
      `version = 2\n[${v2}]\n  registry.config_path = "${certs}"\n`,
    );
  });

  it('is left alone where it names a directory, which is used then', async () => {
    const before = `version = 2\n[${v2}.registry]\nconfig_path = "/etc/my/certs.d:/etc/docker/certs.d"\n`;
    const { texts, restart } = await made({ [configPath]: before });
    expect([...texts.keys()]).toEqual([
      '/etc/my/certs.d/docker.io/hosts.toml',
      '/etc/my/certs.d/ghcr.io/hosts.toml',
      configPath,
    ]);
    expect(texts.get(configPath)).toBe(before);
    expect(restart).toEqual([]);
  });

  it('is left alone where what reads it is switched off', async () => {
    const { texts, notes } = await made({ [configPath]: 'disabled_plugins = ["cri"]\n' });
    expect(texts.has(configPath)).toBe(false);
    expect(texts.size).toBe(2);
    expect(notes).toContain('switches off');
  });

  it('may import others, which is said', async () => {
    const text = 'imports = ["/etc/containerd/conf.d/*.toml"]\nversion = 3\n';
    expect((await made({ [configPath]: text })).notes).toContain('imports other files');
  });

  it.each([
    ['is of version 1', 'oom_score = 0\n', 'is of version 1'],
    ['is of a version to come', 'version = 9\n', 'is of version 9'],
    ['has mirrors', `version = 2\n[${v2}.registry.mirrors."docker.io"]\n`, 'has mirrors or TLS'],
    ['has TLS', `version = 2\n[${v2}.registry.configs."a.b".tls]\n`, 'has mirrors or TLS'],
    ['has an inline table', `version = 2\n[${v2}]\nregistry = { x = 1 }\n`, 'in a form'],
    ['has a dotted key', `version = 2\n[${v2}]\nregistry.headers.x = ["y"]\n`, 'in a form'],
    ['has plugins inline', 'version = 2\nplugins = {}\n', 'in a form'],
    ['has a strange path', `version = 2\n[${v2}.registry]\nconfig_path = 3\n`, 'is no path'],
    ['has a relative path', `version = 2\n[${v2}.registry]\nconfig_path = "x"\n`, 'is no path'],
    ['is no TOML', 'version 2\n', 'is no TOML'],
    ['ends in a list', 'version = 2\nx = [1,\n', 'is no TOML'],
  ])('that %s is refused and not touched', async (_, text, message) => {
    const root = clientRoot(scratch, { [configPath]: text });
    const before = root.state();
    await expect(writeClientSettings(optionsFor('containerd'), root.files)).rejects.toMatchObject({
      code: 'config_invalid',
      message: expect.stringContaining(message),
    });
    expect(root.state()).toEqual(before);
  });

  it('may keep credentials in the old form', async () => {
    const auth = `version = 2\n[${v2}.registry.configs."a.b".auth]\n  username = "x"\n`;
    expect(await configOf(auth)).toContain('config_path');
  });
});

describe('what is made', () => {
  it.skipIf(whyNoJudge !== '')(`is read alike by another TOML reader ${whyNoJudge}`, async () => {
    for (const form of ['ns', 'path'] as const) {
      const { texts } = await made({ [configPath]: debian }, { form });
      for (const [path, text] of texts) {
        const value = await judgeToml(text);
        if (path === configPath)
          expect(value).toMatchObject({
            version: 2,
            plugins: {
              'io.containerd.grpc.v1.cri': {
                registry: { config_path: certs },
                cni: { bin_dir: '/usr/lib/cni' },
              },
            },
          });
        else expect(value).toHaveProperty(['host']);
      }
    }
  });

  it('is taken by containerd itself', async (ctx) => {
    const root = clientRoot(scratch, { [configPath]: debian });
    await writeClientSettings(optionsFor('containerd'), root.files);
    const copy = join(scratch, 'config.toml');
    writeFileSync(copy, read(root.path, configPath));
    const dump = await runCommand('containerd', ['--config', copy, 'config', 'dump'], {
      timeoutMs: 30_000,
    }).catch((error: unknown) => {
      if (hasCode(error, 'tool_missing')) return ctx.skip('needs containerd');
      throw error;
    });
    expect(dump.exitCode).toBe(0);
    expect(dump.stdout.toString('utf8')).toContain(`config_path = "${certs}"`);
  });
});
