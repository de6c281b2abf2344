import { AshlarError } from '../../src/index.ts';
import type { SettingsFile, SettingsContext } from './client-settings.ts';
import { applyEdits, type TextEdit } from './text-edits.ts';

/** What is there now; null for nothing. Throws `config_invalid` too for a link to nothing, which would be replaced. */
export async function readSettings(
  files: SettingsContext['files'],
  path: string,
): Promise<string | null> {
  const file = await files.read(path);
  if (file === null && (await files.existsAsName(path)))
    throw settingsProblem(path, 'is a link to a file that is not there');
  return file?.text ?? null;
}

/** A file of which nothing else is left. */
export function wholeFile(path: string, text: string): SettingsFile {
  return { path, before: null, text, edits: [] };
}

export function editedFile(path: string, before: string, edits: readonly TextEdit[]): SettingsFile {
  return { path, before, text: applyEdits(before, edits), edits };
}

/** Adds text to the end, on lines of its own. */
export function appendEdit(text: string, added: string): TextEdit {
  const gap = text === '' || text.endsWith('\n\n') ? '' : text.endsWith('\n') ? '\n' : '\n\n';
  return { offset: text.length, removed: '', inserted: `${gap}${added}` };
}

/** `problem` is put behind the name of the file. */
export function settingsProblem(path: string, problem: string, hint?: string): AshlarError {
  return new AshlarError('config_invalid', `${path} ${problem}`, {
    data: { path },
    hint: hint ?? 'Put the file right, or merge by hand what the command prints without --write.',
  });
}
