/** What systemd prints of units that did not start, with or without its colours, how it calls a shell for repairs; and tell-jobs.sh. */
const signs: readonly RegExp[] = [
  /\[ *(?:FAILED|TIME|DEPEND) *\] *(\S[^\n]*)/g,
  /(A (?:start|stop) job is running for [^\n(]*)/g,
  /ashlar: (systemd waits for [^\n]*)/g,
  /(You are in (?:emergency|rescue) mode)/g,
];

const shownSigns = 5;

/** Lines of the console that say what stops an init on its way, in their order, each once; the last of them. */
export function consoleSigns(console: string): readonly string[] {
  const text = withoutColours(console).replaceAll('\r', '\n');
  const found = signs.flatMap((sign) =>
    [...text.matchAll(sign)].map(({ index, 1: words = '' }) => ({ index, words: words.trim() })),
  );
  const inOrder = found.toSorted((one, other) => one.index - other.index);
  return [...new Set(inOrder.map(({ words }) => words))].slice(-shownSigns);
}

/** Without the control sequences of terminals (ECMA-48, section 5.4). */
export function withoutColours(text: string): string {
  // eslint-disable-next-line no-control-regex -- these are control characters
  return text.replaceAll(/\u001B\[[0-?]*[ -/]*[@-~]/g, '');
}
