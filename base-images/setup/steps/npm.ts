import { rootsFile } from '../draft.ts';
import type { StepContext } from '../step-context.ts';
import { bytesOf, linesOf, readText } from '../text-file.ts';
import { trustedBundle } from './trusted-bundle.ts';

const step = 'npm';

/** npm's global configuration lies below its prefix: of Node's own archives and Docker's images, of Debian's package, of NodeSource's. */
const usualPaths = ['usr/local/etc/npmrc', 'etc/npmrc'] as const;
const nodeSource = { program: 'usr/lib/node_modules/npm/bin/npm-cli.js', path: 'usr/etc/npmrc' };

/** Every npm, pnpm and classic yarn reads these keys as they are here; a file of users or projects still wins. */
export async function planNpm({ options, draft, facts }: StepContext): Promise<void> {
  const { npmRegistry } = options;
  if (npmRegistry === undefined) return;
  const settings: [string, string][] = [['registry', npmRegistry.href]];
  const bundle = trustedBundle({ options, facts }, npmRegistry);
  if (bundle !== null) settings.push(['cafile', bundle]);
  const hasNodeSource = (await (await draft.files()).follow(nodeSource.program)) !== null;
  for (const path of hasNodeSource ? [...usualPaths, nodeSource.path] : usualPaths) {
    const text = withSettings((await readText(draft, path)) ?? '', settings);
    await draft.editFile(path, bytesOf(text), rootsFile, {
      step,
      why: `npm installs from ${npmRegistry.href}`,
    });
  }
}

/** The lines of an ini file without sections, each key once; comments and other keys stay. */
function withSettings(text: string, settings: readonly [string, string][]): string {
  let lines = linesOf(text);
  for (const [key, value] of settings) {
    const isKey = (line: string): boolean => line.split('=')[0]?.trim() === key;
    const at = lines.findIndex(isKey);
    const others = lines.filter((line, index) => index === at || !isKey(line));
    lines =
      at === -1
        ? [...others, `${key}=${value}`]
        : others.with(others.findIndex(isKey), `${key}=${value}`);
  }
  return lines.map((line) => `${line}\n`).join('');
}
