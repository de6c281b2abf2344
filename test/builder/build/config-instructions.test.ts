import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isRoot } from '../../support/scratch.ts';
import { type BuildBench, createBuildBench } from './fixture.ts';

const why = isRoot ? '' : 'needs root';
let bench: BuildBench;

beforeAll(async () => {
  if (why === '') bench = await createBuildBench();
});
afterAll(async () => {
  await bench?.[Symbol.asyncDispose]();
});

describe.skipIf(why !== '')(`instructions for the config ${why}`, () => {
  it('end in the config of the image, and touch no file', async () => {
    const built = await bench.build(`# syntax=docker/dockerfile:1
FROM base:test
MAINTAINER somebody
ARG PORT=80
ENV A=1 B="two $PORT"
LABEL one=1 "two words"="more $A"
EXPOSE $PORT 53/udp
VOLUME ["/data/sub", "/v w"]
STOPSIGNAL SIGINT
HEALTHCHECK --interval=5s --retries=2 CMD exit 0
SHELL ["/bin/ash", "-c"]
USER node
WORKDIR /home
WORKDIR node
ONBUILD RUN echo later
CMD echo "$A"
ENTRYPOINT ["/bin/sh", "-c"]
CMD ["echo", "cmd"]
`);
    expect(new Set(built.outcomes)).toEqual(new Set(['config']));
    const image = await bench.image(built.digest);
    expect(image.tree).toBe((await bench.image('base:test')).tree);
    expect(image.config).toMatchObject({
      os: 'linux',
      config: {
        Env: [expect.stringMatching(/^PATH=/), 'A=1', 'B=two 80'],
        Labels: { one: '1', 'two words': 'more 1' },
        ExposedPorts: { '53/udp': {}, '80/tcp': {} },
        Volumes: { '/data/sub': {}, '/v w': {} },
        StopSignal: 'SIGINT',
        Healthcheck: { Test: ['CMD-SHELL', 'exit 0'], Interval: 5_000_000_000, Retries: 2 },
        Shell: ['/bin/ash', '-c'],
        User: 'node',
        WorkingDir: '/home/node',
        OnBuild: ['RUN echo later'],
        Entrypoint: ['/bin/sh', '-c'],
        Cmd: ['echo', 'cmd'],
      },
    });
  });

  it('changes of the config alone cost no new files', async () => {
    const first = await bench.build('FROM base:test\nCMD ["a"]');
    const second = await bench.build('FROM base:test\nCMD ["b"]');
    expect(second.digest).not.toBe(first.digest);
    expect(second.newStoredBytes).toBe(0);
  });

  it('warnings name rule and line, and stop nothing', async () => {
    const built = await bench.build('FROM base:test as low\nENV OLD form\nRUN true $UNKNOWN\n');
    expect(built.warnings).toEqual(
      expect.arrayContaining(['FromAsCasing', 'LegacyKeyValueFormat']),
    );
  });
});
