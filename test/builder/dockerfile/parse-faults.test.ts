import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseDockerfile } from '../../../builder/dockerfile/parse-dockerfile.ts';
import { decodeDockerfile, readDockerfile } from '../../../builder/dockerfile/source-text.ts';
import { AshlarError } from '../../../src/errors/ashlar-error.ts';

const path = 'sub/Dockerfile';

function failure(call: () => unknown): AshlarError {
  try {
    call();
  } catch (error) {
    if (error instanceof AshlarError) return error;
    throw error;
  }
  throw new Error('it did not fail');
}

const parseFailure = (text: string): AshlarError => failure(() => parseDockerfile(text, { path }));

describe('one problem', () => {
  it.each<[string, number, RegExp, RegExp?]>([
    // Instructions.
    ['FROM scratch\nRUNN ls', 2, /unknown instruction RUNN/, /Did you mean RUN\?/],
    ['FROM scratch\nCOYP a b', 2, /unknown instruction COYP/, /Did you mean COPY\?/],
    ['FROM scratch\nENTRYPIONT ["a"]', 2, /ENTRYPIONT/, /ENTRYPOINT/],
    ['FROM scratch\nls -l', 2, /unknown instruction LS/],
    ['FROM scratch\n&& more', 2, /unknown instruction &&/, /backslash/],
    ['FROM scratch\n\\\n', 2, /no instruction/],
    // FROM and the order of the file.
    ['', 1, /no instructions/],
    ['\n# only a comment\n', 1, /no instructions/],
    ['ARG A', 1, /no FROM/],
    ['RUN ls\nFROM scratch', 1, /RUN stands before the first FROM/],
    ['FROM', 1, /FROM takes a base/],
    ['FROM a b', 1, /FROM takes a base/],
    ['FROM a IS b', 1, /"IS" where AS belongs/],
    ['FROM a AS 1b', 1, /"1b" is not a name for a stage/],
    ['FROM a AS x\nFROM b AS X', 2, /second stage has the name x; the first is on line 1/],
    ['FORM scratch\nRUN ls', 1, /unknown instruction FORM/, /Did you mean FROM\?/],
    // Stages that are copied from.
    ['FROM a\nCOPY --from=b /x /y\nFROM c AS b', 2, /names a stage that begins later, on line 3/],
    ['FROM a AS b\nCOPY --from=b /x /y', 2, /names the stage it stands in/],
    ['FROM a\nCOPY --from=0 /x /y', 2, /names the stage it stands in/],
    ['FROM a\nCOPY --from=3 /x /y', 2, /no stage of that number/],
    ['FROM a\nCOPY --from=-1 /x /y', 2, /no stage of that number/],
    ['FROM a\nCOPY --from=$X /x /y', 2, /variables are not replaced in --from/, /stage of its own/],
    ['FROM a\nCOPY --from=scratch / /', 2, /--from=scratch has nothing to copy/],
    ['FROM a\nCOPY --from= /x /y', 2, /--from is empty/],
    // Flags.
    ['FROM a\nCOPY --form=x a b', 2, /COPY has no flag --form/, /Did you mean --from\?/],
    ['FROM a\nRUN --mounts=type=cache x', 2, /RUN has no flag --mounts/, /--mount/],
    ['FROM a\nCOPY --chown a b', 2, /--chown lacks a value/],
    ['FROM a\nCOPY --chmod=1 --chmod=2 a b', 2, /--chmod stands twice/],
    ['FROM a\nCOPY --link=maybe a b', 2, /--link is true or false, not "maybe"/],
    ['FROM a\nENV --x=y A=b', 2, /ENV has no flag --x/],
    ['FROM a\nCMD --version', 2, /CMD has no flag --version/, /write -- before/],
    ['FROM a\nCOPY \\\n  --chown=1 \\\n  --nope a b', 4, /no flag --nope/],
    // Arguments.
    ['FROM a\nRUN', 2, /RUN needs a command/],
    ['FROM a\nRUN []', 2, /RUN needs a command/],
    ['FROM a\nCMD', 2, /CMD needs a command/],
    ['FROM a\nCOPY a', 2, /needs a source and a destination/],
    ['FROM a\nADD', 2, /needs a source and a destination/],
    ['FROM a\nENV', 2, /ENV needs a name/],
    ['FROM a\nENV A', 2, /ENV A lacks a value/],
    ['FROM a\nENV A=1 B', 2, /"B" lacks its =/],
    ['FROM a\nENV A=1 \\\n  =2', 3, /a value without a name/],
    ['FROM a\nLABEL a=b \\\n  # comment\n  c', 4, /"c" lacks its =/],
    ['FROM a\nARG', 2, /ARG needs the name/],
    ['FROM a\nARG =x', 2, /a value without a name/],
    ['FROM a\nWORKDIR', 2, /WORKDIR needs a path/],
    ['FROM a\nUSER', 2, /USER needs a user/],
    ['FROM a\nEXPOSE', 2, /EXPOSE needs a port/],
    ['FROM a\nVOLUME', 2, /VOLUME needs a path/],
    ['FROM a\nVOLUME [""]', 2, /empty path/],
    ['FROM a\nSTOPSIGNAL', 2, /STOPSIGNAL needs a signal/],
    ['FROM a\nONBUILD', 2, /ONBUILD needs an instruction/],
    ['FROM a\nONBUILD ONBUILD RUN x', 2, /ONBUILD cannot be a trigger/],
    ['FROM a\nONBUILD FROM b', 2, /FROM cannot be a trigger/],
    ['FROM a\nONBUILD RUNN x', 2, /unknown instruction RUNN/],
    ['FROM a\nONBUILD COPY x', 2, /needs a source and a destination/],
    ['FROM a\nHEALTHCHECK', 2, /needs CMD or NONE/],
    ['FROM a\nHEALTHCHECK curl x', 2, /HEALTHCHECK knows no CURL/],
    ['FROM a\nHEALTHCHECK NONE x', 2, /takes nothing behind it/],
    ['FROM a\nHEALTHCHECK --interval=5 CMD x', 2, /--interval is no duration: "5"/, /30s/],
    ['FROM a\nHEALTHCHECK --timeout=1us CMD x', 2, /less than a millisecond/],
    ['FROM a\nHEALTHCHECK --retries=-1 CMD x', 2, /--retries is no number/],
    // Lists.
    ['FROM a\nSHELL /bin/bash -c', 2, /list of SHELL is not valid JSON/],
    ['FROM a\nSHELL []', 2, /SHELL needs a program/],
    ["FROM a\nCOPY ['a', 'b']", 2, /list of COPY is not valid JSON/, /double quotes/],
    ['FROM a\nCOPY ["a", "b"', 2, /list of COPY is not valid JSON/],
    ['FROM a\nVOLUME ["a",]', 2, /list of VOLUME is not valid JSON/],
    ['FROM a\nCMD ["a", 1]', 2, /list of CMD holds something else than strings/],
    ['FROM a\nRUN [["a"]]', 2, /list of RUN holds something else than strings/],
    ['FROM a\nCOPY ["a", \\\n "/a\\u0000b"]', 3, /a word of the list has a NUL byte/, /u0000/],
    ['FROM a\nRUN ["a", "\\u0000"]', 2, /a word of the list has a NUL byte/],
    ['FROM a\nSHELL ["/bin/sh\\u0000"]', 2, /a word of the list has a NUL byte/],
    ['FROM a\nVOLUME ["/v\\u0000"]', 2, /a word of the list has a NUL byte/],
    ['FROM a\nHEALTHCHECK CMD ["\\u0000"]', 2, /a word of the list has a NUL byte/],
    // Here-documents.
    ['FROM a\nRUN <<EOF\nls', 2, /here-document EOF does not end/],
    ['FROM a\nRUN <<EOF\n EOF\n', 2, /here-document EOF does not end/],
    ['FROM a\nCOPY <<-EOF /x\n\tEOF \n', 2, /here-document EOF does not end/],
    ['FROM a\nCOPY x <<EOF\nEOF', 2, /cannot write to a here-document/],
    ['FROM a\nCOPY << EOF /x\nEOF', 2, /no source by itself/, /without white space/],
    ['FROM a\nCOPY <<a/b /x/\na/b', 2, /"a\/b" cannot be the name of a file/],
    // Directives.
    ['# escape=x\nFROM a', 1, /escape character is "x"/],
    ['# escape=`\n# escape=\\\nFROM a', 2, /escape stands here a second time/],
  ])('%j', (text, line, message, hint = /[^]*/) => {
    const error = parseFailure(text);
    expect(error.code).toBe('dockerfile_parse_error');
    expect(error.message).toMatch(message);
    expect(error.message).toContain(`${path}:${line}: `);
    expect(error.data).toMatchObject({ path, line, problemCount: 1 });
    expect(error.data['text']).toBe(text.split('\n')[line - 1]);
    expect(error.hint).toMatch(hint);
    expect(error.entry.class).toBe('author');
  });

  it('quotes the line, and says once what to do', () => {
    expect(parseFailure('FROM scratch\nRUNN apt-get update')).toMatchObject({
      message: 'sub/Dockerfile:2: unknown instruction RUNN\n    RUNN apt-get update',
      hint: 'Did you mean RUN?',
    });
  });
});

describe('many problems', () => {
  it('are reported together, in the order of the lines, with unsupported features among them', () => {
    const error = parseFailure(
      'FROM a\nRUN --mount=type=tmpfs,target=/x y\nENV A\nCOPY b\nFROM c AS d\nCOPY --parents e f\nFROM g AS D',
    );
    expect(error.code).toBe('dockerfile_parse_error');
    expect(error.data['problemCount']).toBe(5);
    expect(error.data['lines']).toEqual(['2', '3', '4', '6', '7']);
    expect(error.message).toMatch(/^5 problems in sub\/Dockerfile:\n/);
    expect(error.message).toMatch(/\n {4}\([^\n]+\)\n/);
    expect(error.message).not.toContain(error.hint);
  });

  it('are shown up to 20, and the rest counted', () => {
    const error = parseFailure(`FROM a\n${'NOPE\n'.repeat(30)}`);
    expect(error.data['problemCount']).toBe(30);
    expect(error.data['problems']).toHaveLength(20);
    expect(error.message).toMatch(/and 10 more$/);
  });

  it('do not come from one mistake: what follows a faulty FROM is not blamed', () => {
    expect(parseFailure('FROM a b c d\nRUN ls\nCOPY a b\n').data['problemCount']).toBe(1);
    expect(parseFailure('FORM a\nRUN ls\nCOPY a b\n').data['problemCount']).toBe(1);
  });
});

describe('files that are no Dockerfiles', () => {
  it('are refused for a NUL byte, with its line', () => {
    expect(parseFailure('FROM a\nRUN \0').message).toBe('sub/Dockerfile:2: has a NUL byte');
  });

  it('are refused when they are not UTF-8, with the line', () => {
    const bytes = Buffer.concat([
      Buffer.from('FROM a\nLABEL ü=1\nRUN '),
      Buffer.from([0xff]),
      Buffer.from('\n'),
    ]);
    const error = failure(() => decodeDockerfile(bytes, { path }));
    expect([error.code, error.message]).toEqual([
      'dockerfile_parse_error',
      'sub/Dockerfile:3: is not valid UTF-8',
    ]);
    expect(parseFailure('FROM a\nRUN \ud800').message).toBe('sub/Dockerfile:2: is not valid UTF-8');
  });

  it('are refused when they have more than 1 MiB', () => {
    const error = parseFailure(`FROM a\n# ${'ü'.repeat(600_000)}`);
    expect(error.code).toBe('dockerfile_parse_error');
    expect(error.message).toMatch(/more than the limit of 1048576/);
  });

  it('are refused for more than 5,000 instructions', () => {
    expect(parseFailure(`FROM a\n${'USER x\n'.repeat(5000)}`).message).toMatch(/more than 5000/);
  });

  it('keep the text of a byte order mark and of other languages', () => {
    const text = '\ufeffFROM a\nLABEL 한국어=grüße\n';
    expect(decodeDockerfile(Buffer.from(text), { path })).toBe(text);
  });

  it('are missing when there is no such file, or no regular file', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'ashlar-dockerfile-'));
    try {
      const file = join(directory, 'Dockerfile');
      const loop = join(directory, 'loop');
      await symlink('loop', loop);
      for (const name of [
        file,
        directory,
        join(file, 'below'),
        loop,
        `${file}${'x'.repeat(255)}`,
      ]) {
        await expect(readDockerfile(name, { path })).rejects.toMatchObject({
          code: 'dockerfile_missing',
        });
      }
      await writeFile(file, 'FROM scratch\n');
      await expect(readDockerfile(file, { path })).resolves.toBe('FROM scratch\n');
    } finally {
      await rm(directory, { recursive: true });
    }
  });
});

describe('frontends', () => {
  it.each([
    'docker/dockerfile:1',
    'docker/dockerfile:1.7-labs',
    'docker.io/docker/dockerfile-upstream:master',
    'mirror.example:5000/docker/dockerfile@sha256:00',
    'mirror.example/tools/dockerfile',
  ])('%s is the language read here', (syntax) => {
    expect(parseDockerfile(`# syntax=${syntax}\nFROM a`, { path }).directives.syntax).toBe(syntax);
  });

  it('others are refused by name', () => {
    const error = parseFailure('# check=skip=all\n# syntax=example.org/other:1\nFROM a');
    expect(error.code).toBe('dockerfile_unsupported');
    expect(error.message).toMatch(
      /^sub\/Dockerfile:2: the frontend image example\.org\/other:1 is not supported/,
    );
  });
});
