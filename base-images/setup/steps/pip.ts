import { rootsFile } from '../draft.ts';
import type { StepContext } from '../step-context.ts';
import { bytesOf, linesOf, readText } from '../text-file.ts';
import { trustedBundle } from './trusted-bundle.ts';

const step = 'pip';

/** pip reads it since 6.0 for everybody; before, and only there, each user has a file in the home directory. */
const globalPath = 'etc/pip.conf';
const rootsOldPath = 'root/.pip/pip.conf';

export async function planPip({ options, draft, facts }: StepContext): Promise<void> {
  const { pipIndex } = options;
  if (pipIndex === undefined) return;
  const settings: [string, string][] = [['index-url', pipIndex.href]];
  const bundle = trustedBundle({ options, facts }, pipIndex);
  if (bundle !== null) settings.push(['cert', bundle]);
  if (pipIndex.protocol === 'http:') settings.push(['trusted-host', pipIndex.host]);
  const old = facts.packages.get('python-pip')?.version ?? '';
  const paths = /^(?:\d+:)?[0-5]\./.test(old) ? [globalPath, rootsOldPath] : [globalPath];
  for (const path of paths) {
    const text = withGlobal((await readText(draft, path)) ?? '', settings);
    await draft.editFile(path, bytesOf(text), rootsFile, {
      step,
      why: `pip installs from ${pipIndex.href}`,
    });
  }
}

/** The file with these keys in its section `global`, in which everything else stays. */
function withGlobal(text: string, settings: readonly [string, string][]): string {
  const lines = linesOf(text);
  let start = lines.findIndex((line) => /^\s*\[global\]/.test(line));
  if (start === -1) start = lines.push('[global]') - 1;
  const next = lines.findIndex((line, index) => index > start && /^\s*\[.*\]/.test(line));
  const end = next === -1 ? lines.length : next;
  const keys = new Set(settings.map(([key]) => key));
  const kept = lines.slice(start + 1, end).filter((line) => !keys.has(keyOf(line)));
  const set = settings.map(([key, value]) => `${key} = ${value}`);
  const changed = [...lines.slice(0, start + 1), ...set, ...kept, ...lines.slice(end)];
  return changed.map((line) => `${line}\n`).join('');
}

/** pip takes `INDEX_URL` for `index-url`. */
function keyOf(line: string): string {
  const [name = ''] = line.split(/[=:]/);
  return name.trim().toLowerCase().replaceAll('_', '-');
}
