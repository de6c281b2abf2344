import { linesOf } from './read-text.ts';

/** All names in a file of hosts(5). */
export function namesInHosts(text: string): ReadonlySet<string> {
  return new Set(
    linesOf(text).flatMap((line) => {
      const [, ...names] = (line.split('#')[0] ?? '').trim().split(/\s+/);
      return names;
    }),
  );
}
