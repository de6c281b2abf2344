import { describe, expect, it } from 'vitest';
import {
  clientSettings,
  type ClientSettingsOptions,
} from '../../../registry-cache/clients/client-settings.ts';
import { scratchDir } from '../../support/scratch.ts';
import { clientRoot, judgeToml, optionsFor, whyNoTomlJudge } from './support/client-root.ts';

const scratch = scratchDir('cache-buildkit');
const path = '/etc/buildkit/buildkitd.toml';
const whyNoJudge = await whyNoTomlJudge();

async function settingsOf(before: string | null, more: Partial<ClientSettingsOptions> = {}) {
  const root = clientRoot(scratch, before === null ? {} : { [path]: before });
  const { files, restart } = await clientSettings(optionsFor('buildkit', more), root.files);
  return { text: files[0]?.text ?? '', restart };
}

const tables = `[registry."docker.io"]
  mirrors = ["cache.example:5000"]

[registry."ghcr.io"]
  mirrors = ["cache.example:5000"]

[registry."cache.example:5000"]
  http = true
`;

describe("buildkit's settings", () => {
  it('are made where there are none', async () => {
    const { text, restart } = await settingsOf(null);
    expect(text).toBe(
      `# The registry cache at http://cache.example:5000 is asked first for images.\n\n${tables}`,
    );
    expect(restart).toEqual(['systemctl restart buildkit']);
  });

  it('may have the registry in the path, and need no http', async () => {
    const { text } = await settingsOf(null, { form: 'path', cacheUrl: 'https://cache.example' });
    expect(text).toContain('mirrors = ["cache.example/ghcr.io"]');
    expect(text).not.toContain('http = true');
  });

  it('come behind what is there, once', async () => {
    const before = 'debug = true\n[worker.oci]\n  enabled = false\n[registry."a.b"]\n  http = true';
    const { text } = await settingsOf(before);
    expect(text).toBe(`${before}\n\n${tables}`);
    expect(await settingsOf(text)).toEqual({ text, restart: [] });
  });

  it.each([
    '[registry."docker.io"]\n  mirrors = ["x.example"]\n',
    '[registry."docker.io".x]\n',
    'registry = {}\n',
    'registry."ghcr.io" = {}\n',
    '[registry]\n"ghcr.io".http = true\n',
    '[registry."cache.example:5000"]\n',
    'debug = """\n"""\n',
    'debug',
  ])('are refused where there are others, or what cannot be read: %j', async (before) => {
    await expect(settingsOf(before)).rejects.toMatchObject({ code: 'config_invalid' });
  });

  it('cannot keep BuildKit from the registry itself', async () => {
    await expect(settingsOf(null, { fallback: 'none' })).rejects.toMatchObject({
      code: 'config_invalid',
    });
  });

  it.skipIf(whyNoJudge !== '')(`are read alike by another TOML reader ${whyNoJudge}`, async () => {
    expect(await judgeToml((await settingsOf('debug = true\n')).text)).toEqual({
      debug: true,
      registry: {
        'docker.io': { mirrors: ['cache.example:5000'] },
        'ghcr.io': { mirrors: ['cache.example:5000'] },
        'cache.example:5000': { http: true },
      },
    });
  });
});
