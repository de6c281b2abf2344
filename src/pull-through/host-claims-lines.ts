/**
 * What is said between processes, a line each: `w TOKEN` (tell me when this ends), `p` (are you there), and in return
 * `e TOKEN` (it ended), `a` (I am here).
 */
export interface ClaimLine {
  readonly verb: 'w' | 'p' | 'e' | 'a';
  readonly token: string;
}

export function formatLine(verb: ClaimLine['verb'], token = ''): string {
  return `${verb}${token === '' ? '' : ` ${token}`}\n`;
}

const longestBytes = 100;
const pattern = /^([wpea])(?: ([0-9a-f]{16}-\d{1,16}))?$/;

/** Takes bytes as they come and gives the lines that are whole; null once something came that is no line. */
export function createLineReader(): (bytes: Buffer) => ClaimLine[] | null {
  let rest = '';
  return (bytes) => {
    const texts = (rest + bytes.toString('latin1')).split('\n');
    rest = texts.pop() ?? '';
    const lines: ClaimLine[] = [];
    for (const text of texts) {
      const [, verb, token = ''] = pattern.exec(text) ?? [];
      if (verb === undefined) return null;
      lines.push({ verb: verb as ClaimLine['verb'], token });
    }
    return rest.length > longestBytes ? null : lines;
  };
}
