const escape = '\\u001b';
const bell = '\\u0007';
/** ECMA-48: control sequences, operating system commands; ECMA-35: all other escapes. */
const escapeSequence = new RegExp(
  `${escape}(?:\\[[0-?]*[ -/]*[@-~]|\\][^${bell}${escape}]*(?:${bell}|${escape}\\\\)|[ -/]*[0-~])`,
  'g',
);
// oxlint-disable-next-line no-control-regex -- they are what is taken out
const controlCharacters = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g;

/**
 * A line as a terminal would show it in the end: what is behind its last carriage return, without anything that would
 * change a terminal.
 */
export function plainLine(line: string): string {
  if (line.search(controlCharacters) === -1) return line;
  const shown = line.replace(/\r+$/, '').split('\r').at(-1) ?? '';
  return shown.replace(escapeSequence, '').replace(controlCharacters, '');
}
