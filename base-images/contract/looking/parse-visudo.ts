import { type BytePath, fromBytes } from '../../../src/index.ts';
import { linesOf } from './read-text.ts';

export interface VisudoComplaint {
  readonly path: BytePath;
  readonly line: number;
}

/**
 * Files and lines that a `visudo -c` complains of, each once, in its order. Both styles are read: `FILE:LINE:COLUMN:` of sudo
 * 1.9.3 and later and of sudo-rs, and `near line N` before. The output is bytes: 1.8.16 prints freed memory as a name.
 */
export function parseVisudo(output: Buffer): readonly VisudoComplaint[] {
  const found = new Map<string, VisudoComplaint>();
  for (const text of linesOf(fromBytes(output))) {
    const [, path, line] =
      /^(?:visudo: )?(\/[^:]*):(\d{1,9})(?::\d+)?[: ]/.exec(text) ??
      /^>>> (\/.*): .* near line (\d{1,9}) <<<$/.exec(text) ??
      [];
    if (path === undefined || line === undefined) continue;
    const complaint = { path, line: Number(line) };
    found.set(`${path}:${line}`, found.get(`${path}:${line}`) ?? complaint);
  }
  return [...found.values()];
}
