/** What a word means: a backslash protects the character after it, `\x41` is a byte. Nothing counts from a NUL byte on. */
export function unescapeWord(text: string): string {
  if (!/[\\\0]/.test(text)) return text;
  let result = '';
  for (let index = 0; index < text.length; index += 1) {
    const character = text[index] ?? '';
    if (character === '\0') return result;
    if (character !== '\\' || index + 1 >= text.length) {
      result += character;
      continue;
    }
    const byte = /^x([0-9A-Fa-f]{2})/.exec(text.slice(index + 1, index + 4))?.[1];
    if (byte === undefined) {
      index += 1;
      result += text[index] ?? '';
    } else {
      index += 3;
      result += String.fromCharCode(Number.parseInt(byte, 16));
    }
  }
  const end = result.indexOf('\0');
  return end === -1 ? result : result.slice(0, end);
}

/** The path of a command: a backslash goes only where it protects what has a meaning in sudoers. */
export function unescapeCommand(text: string): string {
  if (text.startsWith('^')) return text;
  const path = text.replace(/\\([,:= \t#])/g, '$1');
  return path.endsWith('/sudoedit') ? 'sudoedit' : path;
}
