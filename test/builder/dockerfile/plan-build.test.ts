import { describe, expect, it } from 'vitest';
import { parseDockerfile } from '../../../builder/dockerfile/parse-dockerfile.ts';
import {
  type BuildPlan,
  type BuildRequest,
  planBuild,
} from '../../../builder/dockerfile/plan-build.ts';
import { amd64 } from './build-config.ts';
import { failure } from './failure.ts';

function plan(text: string, request: Partial<BuildRequest> = {}): BuildPlan {
  const parsed = parseDockerfile(text, { path: 'Dockerfile' });
  return planBuild(parsed, { buildArgs: {}, platform: amd64, ...request });
}

const indexes = ({ stages }: BuildPlan): number[] => stages.map(({ index }) => index);

const stages = [
  'FROM debian AS base',
  'FROM base AS unused',
  'RUN --mount=type=cache,target=/x make',
  'FROM scratch AS files',
  'COPY a /a',
  'FROM base AS final',
  'COPY --from=files /a /a',
  'COPY --from=busybox:1 /bin/sh /sh',
  'FROM final AS later',
].join('\n');

describe('the stages of a plan', () => {
  it('are those that the target needs, in order, with their bases', () => {
    const found = plan(stages, { target: 'final' });
    expect(indexes(found)).toEqual([0, 2, 3]);
    expect(found.target).toBe(3);
    expect(found.stages.map(({ base }) => base)).toEqual([
      { kind: 'image', reference: 'debian' },
      { kind: 'scratch' },
      { kind: 'stage', index: 0 },
    ]);
    expect(found.stages[2]?.steps.map(({ from }) => from)).toEqual([
      { kind: 'stage', index: 2 },
      { kind: 'image', reference: 'busybox:1' },
    ]);
  });

  it.each([
    [undefined, [0, 2, 3, 4]],
    ['FILES', [2]],
    ['0', [0]],
  ])('for the target %s are %j', (target, expected) => {
    expect(indexes(plan(stages, { target }))).toEqual(expected);
  });

  it('can be more, for triggers that are found later', () => {
    expect(indexes(plan(stages, { target: 'base', alsoStages: [2] }))).toEqual([0, 2]);
  });

  it('count those that a trigger of a base stage copies from', () => {
    const text =
      'FROM scratch AS files\nFROM debian AS base\nONBUILD COPY --from=files /a /a\nFROM base\n';
    expect(indexes(plan(text))).toEqual([0, 1, 2]);
  });

  it('go by the nearest earlier stage of a name; a later one is an image', () => {
    const text = 'FROM b AS a\nFROM A AS b\nFROM b AS c\n';
    expect(plan(text).stages.map(({ base }) => base)).toEqual([
      { kind: 'image', reference: 'b' },
      { kind: 'stage', index: 0 },
      { kind: 'stage', index: 1 },
    ]);
  });

  it('do not include one that the file lacks', () => {
    const error = failure(() => plan(stages, { target: 'finale' }));
    expect(error.code).toBe('invalid_request');
    expect(error.message).toMatch(
      /no stage "finale"; its stages are base, unused, files, final, later/,
    );
    expect(error.hint).toBe('Did you mean final?');
    expect(failure(() => plan(stages, { target: '9' })).code).toBe('invalid_request');
  });
});

describe('FROM', () => {
  const text = 'ARG V=12\nARG NAME=debian:$V\nFROM ${NAME}-slim AS one\nFROM $NAME\n';

  it.each<[Record<string, string>, string]>([
    [{}, 'debian:12'],
    [{ V: '11' }, 'debian:11'],
    [{ NAME: 'ubuntu' }, 'ubuntu'],
  ])('with %j is based on %s', (buildArgs, reference) => {
    expect(plan(text, { buildArgs }).stages.at(-1)?.base).toEqual({ kind: 'image', reference });
  });

  it('sees the platform arguments, and build arguments in their place', () => {
    const by = 'ARG X=$TARGETOS-$BUILDARCH\nFROM img:$X$TARGETVARIANT';
    const reference = (buildArgs: Record<string, string>): unknown =>
      plan(by, { buildArgs }).stages[0]?.base;
    expect(reference({})).toEqual({ kind: 'image', reference: 'img:linux-amd64' });
    expect(reference({ TARGETOS: 'x' })).toEqual({ kind: 'image', reference: 'img:x-amd64' });
  });

  it('warns of an argument that is not declared, and refuses to have no base', () => {
    expect(plan('ARG VERSION=1\nFROM a:1$VERSIN').warnings).toEqual([
      {
        rule: 'UndefinedArgInFrom',
        message: 'no ARG before the first FROM declares $VERSIN (did you mean $VERSION?)',
        line: 2,
      },
    ]);
    const error = failure(() => plan('FROM scratch\nARG A=debian\nFROM $A'));
    expect([error.code, error.data['line']]).toEqual(['dockerfile_parse_error', 3]);
    expect(error.message).toMatch(/names nothing/);
    expect(failure(() => plan('ARG A="${B:?set B}"\nFROM a')).message).toMatch(
      /Dockerfile:1: .*B: set B/,
    );
  });
});

describe('--platform', () => {
  it.each([
    'linux/amd64',
    'linux/x86_64',
    'amd64',
    'linux',
    '$TARGETPLATFORM',
    '$BUILDPLATFORM',
    'Linux/AMD64',
  ])('%s is the platform of the build', (platform) => {
    expect(plan(`FROM --platform=${platform} debian`).stages).toHaveLength(1);
  });

  it('of another machine is refused by name', () => {
    const error = failure(() => plan('FROM \\\n  --platform=linux/arm64 debian'));
    expect([error.code, error.data['line']]).toEqual(['dockerfile_unsupported', 2]);
    expect(error.message).toMatch(
      /FROM --platform=linux\/arm64 is not supported: this machine builds linux\/amd64/,
    );
    const arm = { os: 'linux', architecture: 'arm64' };
    expect(plan('FROM --platform=linux/arm64/v8 debian', { platform: arm }).stages).toHaveLength(1);
  });

  it('that is none is a fault, and another one of a stage that is not needed does not matter', () => {
    expect(failure(() => plan('FROM --platform=a/b/c/d debian')).message).toMatch(/no platform/);
    expect(failure(() => plan('FROM --platform=$NOPE debian')).message).toMatch(/no platform: ""/);
    expect(indexes(plan('FROM --platform=windows/amd64 a\nFROM scratch'))).toEqual([1]);
  });
});

describe('features that are not supported', () => {
  it.each([
    ['RUN --mount=type=cache,target=/x make', /RUN --mount is not supported/],
    ['RUN --network=none make', /RUN --network is not supported/],
    ['RUN --security=insecure make', /RUN --security is not supported/],
    ['RUN --device=a make', /RUN --device is not supported/],
    ['COPY --parents a b', /COPY --parents is not supported/],
    ['COPY --exclude=x a b', /COPY --exclude is not supported/],
    ['ADD --exclude=x a b', /ADD --exclude is not supported/],
    ['ADD --checksum=sha256:1 a b', /ADD --checksum is not supported/],
    ['ADD --keep-git-dir=false a b', /ADD --keep-git-dir is not supported/],
    ['ADD --unpack a b', /ADD --unpack is not supported/],
    [
      'ADD https://u:secret@example.org/x b',
      /ADD from a URL \(https:\/\/example\.org\/x\) is not supported/,
    ],
    ['ADD a http://example.org/x b', /ADD from a URL/],
    ['ADD https://example.org/x.git#main b', /ADD from a git repository/],
    ['ADD git@example.org:x/y.git b', /ADD from a git repository/],
    ['ENV U=https://example.org\nADD $U/x b', /ADD from a URL/],
    ['ARG U\nADD $U b', /ADD from a URL/],
  ])('%j is refused before anything runs', (text, message) => {
    const error = failure(() =>
      plan(`FROM debian\n${text}`, { buildArgs: { U: 'https://example.org' } }),
    );
    expect(error.code).toBe('dockerfile_unsupported');
    expect(error.entry.class).toBe('author');
    expect(error.data['line']).toBe(text.includes('\n') ? 3 : 2);
    expect(error.message).toMatch(message);
    expect(error.message).not.toContain('secret');
  });

  it('are reported together', () => {
    const text =
      'FROM debian\nRUN --mount=type=ssh a\nRUN --network=none --mount=type=tmpfs,target=/x b\nCOPY --parents c d';
    const error = failure(() => plan(text));
    expect(error.data['problems']).toEqual([
      '2: RUN --mount is not supported',
      '3: RUN --network is not supported',
      '3: RUN --mount is not supported',
      '4: COPY --parents is not supported',
    ]);
  });

  it('do not matter in stages that are not needed, nor in triggers for later', () => {
    const text =
      'FROM debian\nRUN --mount=type=ssh a\nFROM scratch\nONBUILD RUN --mount=type=ssh a\n';
    expect(indexes(plan(text))).toEqual([1]);
  });
});

describe('what is foreseen', () => {
  it.each([
    ['FROM debian\nEXPOSE 99999', /no port or range/],
    ['FROM debian\nSTOPSIGNAL SIGNOPE', /STOPSIGNAL SIGNOPE is no signal/],
    ['FROM debian\nCOPY --chmod=9 a b', /--chmod is no mode: "9"/],
    ['FROM debian\nENV A="open', /double quote is not closed/],
    ['FROM scratch\nENV A="${B:?give B}"', /B: give B/],
    ['FROM scratch AS a\nFROM a\nWORKDIR ${B:?give B}', /B: give B/],
    ['FROM debian\nCOPY https://example.org/x b', /COPY cannot copy from a URL/],
  ])('%j fails', (text, message) => {
    expect(failure(() => plan(text)).message).toMatch(message);
  });

  it.each([
    'FROM debian\nENV A=${B:?from-the-base}',
    'FROM debian\nEXPOSE $PORT/tcp',
    'FROM debian AS a\nFROM a\nUSER ${X:?x}',
  ])('%j depends on the base image and is left to the build', (text) => {
    expect(plan(text).stages.length).toBeGreaterThan(0);
  });
});

describe('build arguments', () => {
  it('that nothing declares are warned of, but for those that mean something by themselves', () => {
    const buildArgs = {
      VERSIN: '1',
      USED: '1',
      GLOBAL: '1',
      HTTP_PROXY: 'x',
      no_proxy: 'x',
      TARGETARCH: 'x',
      SOURCE_DATE_EPOCH: '5',
      BUILDKIT_INLINE_CACHE: '1',
    };
    const found = plan('ARG GLOBAL\nFROM scratch\nARG USED VERSION\n', { buildArgs });
    expect(found.warnings.map(({ message }) => message)).toEqual([
      expect.stringMatching(/argument VERSIN is not declared .*did you mean VERSION\?/),
    ]);
    expect(found.sourceDateEpoch).toBe(5);
  });

  it('that only a stage declares which is not needed are not used', () => {
    const text = 'FROM scratch AS a\nARG X\nFROM scratch\n';
    expect(plan(text, { buildArgs: { X: '1' } }).warnings).toHaveLength(1);
  });

  it('have to be seconds for SOURCE_DATE_EPOCH', () => {
    const error = failure(() => plan('FROM scratch', { buildArgs: { SOURCE_DATE_EPOCH: 'now' } }));
    expect(error.code).toBe('invalid_request');
  });

  it('may have the names of things that every object has', () => {
    const buildArgs = JSON.parse('{"__proto__":"p","constructor":"c","toString":"t"}') as Record<
      string,
      string
    >;
    const text =
      'ARG __proto__ constructor toString\nFROM a:$__proto__$constructor$toString$hasOwnProperty';
    expect(plan(text, { buildArgs }).stages[0]?.base).toEqual({
      kind: 'image',
      reference: 'a:pct',
    });
  });
});
