import { describe, expect, it } from 'vitest';
import { tailOfOutput } from '../../../builder/build/tail-of-output.ts';

function tailOf(...chunks: readonly string[]): string {
  const tail = tailOfOutput();
  for (const chunk of chunks) tail.push(Buffer.from(chunk, 'latin1'));
  return tail.text();
}

describe('the end of what a command printed', () => {
  it('has 20 lines and 8 KiB at the most', () => {
    const lines = Array.from({ length: 100 }, (_, index) => `line ${index}`);
    expect(tailOf(`${lines.join('\n')}\n`).split('\n')).toEqual(lines.slice(80));
    expect(tailOf('x'.repeat(20_000), 'y'.repeat(5000)).length).toBe(8192);
    expect(tailOf(...Array.from({ length: 50_000 }, () => 'z'))).toBe('z'.repeat(8192));
  });

  it('has what a terminal would show of a line, and nothing that changes a terminal', () => {
    expect(tailOf('10 %\r50 %\r100 %\r\ndone')).toBe('100 %\ndone');
    expect(tailOf('\u001b[31mred\u001b[0m \u001b]0;title\u0007plain\u001b[2J\u001b(B')).toBe(
      'red plain',
    );
    expect(tailOf('bell\u0007 back\u0008space nul\u0000 tab\tend')).toBe(
      'bell backspace nul tab\tend',
    );
    expect(tailOf('\u001b[3', '1mcut in two')).toBe('cut in two');
  });
});
