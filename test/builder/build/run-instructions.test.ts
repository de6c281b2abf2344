import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type BuildBench, createBuildBench, whyNoSteps } from './fixture.ts';

let bench: BuildBench;

beforeAll(async () => {
  if (whyNoSteps === '') bench = await createBuildBench();
});
afterAll(async () => {
  await bench?.[Symbol.asyncDispose]();
});

/** What the RUNs of a Dockerfile print. */
async function outputOf(
  dockerfile: string,
  buildArgs: Record<string, string> = {},
): Promise<string> {
  return (await bench.build(`FROM base:test\n${dockerfile}`, { buildArgs })).output;
}

describe.skipIf(whyNoSteps !== '')(`RUN ${whyNoSteps}`, () => {
  it('runs a shell, a program, and here-documents', async () => {
    const dockerfile = `
RUN echo "shell $0"; echo two && \\
    echo three
RUN ["/bin/sh", "-c", "echo exec $0", "name"]
RUN ["/bin/echo", "no $HOME here", "\\u00fc"]
RUN <<EOF
echo document $((1 + 2))
false || echo goes on
EOF
RUN cat <<one - <<"two" | tr a-z A-Z
first
one
second
two
RUN <<script
#!/bin/cat
only the rest of the file
script
`;
    expect(await outputOf(dockerfile)).toBe(
      [
        'shell /bin/sh\ntwo\nthree',
        'exec name',
        'no $HOME here ü',
        'document 3\ngoes on',
        'SECOND',
        '#!/bin/cat\nonly the rest of the file\n',
      ].join('\n'),
    );
  });

  it('leaves more than an image can hold: the author hears it, not of a hostile archive', async () => {
    const failing = bench.build('FROM base:test\nRUN truncate -s 1024G /large');
    await expect(failing).rejects.toMatchObject({
      code: 'image_too_large',
      message: expect.stringMatching(
        /:2: what the command left is more than an image can hold: .*large.* 1099511627776 bytes/,
      ) as string,
      hint: expect.stringMatching(/^Remove in the same RUN/) as string,
    });
  });

  it('sees variables of ENV and ARG, each from its line on', async () => {
    const dockerfile = `
RUN echo "1 [$COLOR] [$GIVEN] [$FREE]"
ENV COLOR=red
ENV SHADE="dark $COLOR" TWO='it''s $COLOR'
ARG GIVEN=default
ARG FREE
ARG COMPUTED=\${GIVEN}-\${COLOR:+set}
RUN echo "2 [$COLOR] [$SHADE] [$TWO] [$GIVEN] [$FREE] [$COMPUTED]"
ENV GIVEN=env
RUN echo "3 [$GIVEN] [$NO_ARG] [$HTTP_PROXY]"
`;
    const buildArgs = { GIVEN: 'from the command line', NO_ARG: 'x', http_proxy: 'http://p:1' };
    expect(await outputOf(dockerfile, buildArgs)).toBe(
      [
        '1 [] [] []',
        '2 [red] [dark red] [its $COLOR] [from the command line] [] [from the command line-set]',
        '3 [env] [] [http://p:1]\n',
      ].join('\n'),
    );
  });

  it('runs as the USER, in the WORKDIR, by the SHELL', async () => {
    const dockerfile = `
WORKDIR /made
WORKDIR by/root
RUN id; pwd; echo $HOME
USER node
WORKDIR /home/node/own
RUN id; pwd; echo $HOME
USER 7:8
RUN id -u; id -g; echo $HOME
USER node:web
RUN id -gn
USER root
SHELL ["/bin/busybox", "ash", "-euc"]
RUN echo "$0"; false; echo not reached || true
`;
    const built = await bench
      .build(`FROM base:test\n${dockerfile}`, { context: {} })
      .catch((error: unknown) => error);
    expect(built).toMatchObject({ code: 'step_failed' });
    const without = dockerfile.replace('false; echo not reached || true', 'echo done');
    const { output, digest } = await bench.build(`FROM base:test\n${without}`);
    expect(output).toBe('ash\ndone\n');
    const image = await bench.image(digest);
    expect(await image.list('/made')).toEqual([
      'd0755 0:0 /made',
      'd0755 0:0 /made/by',
      'd0755 0:0 /made/by/root',
    ]);
    expect(await image.list('/home/node')).toEqual([
      'd0755 1000:1001 /home/node',
      'd0755 1000:1001 /home/node/own',
    ]);
    const { output: whole } = await bench.build(`FROM base:test\n${without}`, { cache: 'ignore' });
    expect(whole.split('\n')).toEqual([
      'uid=0(root) gid=0(root) groups=0(root)',
      '/made/by/root',
      '/root',
      'uid=1000(node) gid=1001(node) groups=29(audio),1001(node)',
      '/home/node/own',
      '/home/node',
      '7',
      '8',
      '/',
      'web',
      'ash',
      'done',
      '',
    ]);
  });

  it('has names and addresses that are not left in the image', async () => {
    const script = 'for f in resolv.conf hosts hostname; do [ -s /etc/$f ] && echo has $f; done';
    const { output, digest } = await bench.build(`FROM base:test
RUN ${script}; ls -d /proc/1 /sys/kernel /dev/null
`);
    expect(output).toBe(
      'has resolv.conf\nhas hosts\nhas hostname\n/dev/null\n/proc/1\n/sys/kernel\n',
    );
    expect((await bench.image(digest)).tree).toBe((await bench.image('base:test')).tree);
  });
});
