import { describe, expect, it } from 'vitest';
import { copyStep } from './build-config.ts';
import { failure } from './failure.ts';

function cacheText(line: string): string {
  return copyStep(`FROM a AS s\nFROM scratch\n${line}`).cacheText;
}

describe('COPY and ADD', () => {
  it.each([
    ['/x', '/x'],
    ['/x/', '/x/'],
    ['.', '/w/'],
    ['./', '/w/'],
    ['..', '/'],
    ['x', '/w/x'],
    ['./x/../y', '/w/y'],
    ['../../../x', '/x'],
    ['/x/.', '/x/'],
    ['/', '/'],
    ['$UNSET', '/w/'],
    ['"a b"', '/w/a b'],
  ])('write %s to %s', (destination, expected) => {
    const list = JSON.stringify(['s', destination]);
    expect(copyStep(`FROM scratch\nWORKDIR /w\nCOPY ${list}`).destination).toBe(expected);
  });

  it.each([
    [`COPY a /${'d/'.repeat(2047)}f`, /path of COPY has 4096 bytes; a path can have 4095/],
    [`ADD a /${'é'.repeat(128)}`, /path of ADD has a name of 256 bytes; a name can have 255/],
    [`WORKDIR ${'/d'.repeat(2048)}`, /path of WORKDIR has 4096 bytes/],
    [`WORKDIR /a/${'n'.repeat(256)}/b`, /path of WORKDIR has a name of 256 bytes/],
  ])('refuse a path that no program could name: %.20s', (line, message) => {
    expect(failure(() => copyStep(`FROM scratch\n${line}\nCOPY a b`))).toMatchObject({
      code: 'dockerfile_parse_error',
      message: expect.stringMatching(message) as string,
      data: { line: 2 },
    });
  });

  it('expand sources, flags and here-documents, these without quotes', () => {
    const step = copyStep(
      'FROM scratch\nENV A=1 B=x:y\nCOPY --chown=$B --chmod=$A a$A <<E <<"R" /d/\n"$A" \\$A\nE\n$A\nR',
    );
    expect(step).toMatchObject({
      keyword: 'COPY',
      sources: ['a1'],
      heredocs: [
        { name: 'E', content: '"1" $A\n' },
        { name: 'R', content: '$A\n' },
      ],
      chown: 'x:y',
      chmod: { kind: 'fixed', mode: 1 },
      extractTar: 'no',
      from: undefined,
    });
  });

  it('ADD unpacks archives; both say where from', () => {
    expect(copyStep('FROM scratch\nADD a /b').extractTar).toBe('archives');
    expect(copyStep('FROM a AS s\nFROM scratch\nCOPY --from=s /a /b').from).toEqual({
      kind: 'stage',
      index: 0,
    });
  });

  it('have a cache text of all but the place of their sources', () => {
    const texts = [
      cacheText('COPY a /b'),
      cacheText('ADD a /b'),
      cacheText('COPY a /b/'),
      cacheText('COPY a c /b/'),
      cacheText('COPY --chown=1 a /b'),
      cacheText('COPY --chmod=1 a /b'),
      cacheText('COPY <<a /b\n1\na'),
      cacheText('COPY <<a /b\n2\na'),
    ];
    expect(new Set(texts).size).toBe(texts.length);
    expect(cacheText('COPY --from=s --link a /b')).toBe(cacheText('COPY a /b'));
  });
});
