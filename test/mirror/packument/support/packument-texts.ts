import * as fc from 'fast-check';
import { choices, type Node, object, raw, text, write } from './written-json.ts';

export const packageName = '@scope/name';

const words = fc.constantFrom(
  '',
  'a',
  'é',
  '€',
  '😀',
  'a"b',
  '\\',
  'tab\t',
  '</script>',
  'x'.repeat(40),
);

/** Without a backslash: once V8 (13.6, of Node.js 24) has seen the key `\`, JSON.parse takes `\u00e9` for it. */
const keys = words.filter((word) => word !== '\\');

const scalars: fc.Arbitrary<Node> = fc.oneof(
  words.map(text),
  fc.constantFrom('null', 'true', 'false', '0', '-1', '1.5', '-0.25e+10', '1E9', '7e-3').map(raw),
);

/** Anything, with keys that mean something elsewhere in a packument. */
const anything: fc.Arbitrary<Node> = fc.letrec<{ node: Node }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    scalars,
    fc.array(tie('node'), { maxLength: 3 }).map((list) => ({ list })),
    fc
      .array(
        fc.tuple(
          fc.oneof(keys, fc.constantFrom('dist', 'tarball', 'versions', '1.0.0', 'name')),
          tie('node'),
        ),
        { maxLength: 3 },
      )
      .map((members) => ({ members })),
  ),
})).node;

const versionKeys = fc.constantFrom(
  '0.1.0',
  '1.0.0',
  '1.0.1',
  '1.1.0',
  '2.0.0-beta.1',
  '2.0.0',
  '10.0.0',
  'not a version',
  '__proto__',
  'constructor',
  'é',
);

const urls = fc.oneof(
  versionKeys.map((version) => `https://registry.npm.test/@scope/name/-/name-${version}.tgz`),
  fc.constantFrom(
    'http://registry.npm.test/@scope%2fname/-/name-1.0.0.tgz?x=1',
    'https://other.test/download/1',
    'https://user:secret@registry.npm.test/@scope/name/-/n.tgz#part',
    'file:///etc/passwd',
    'name-1.0.0.tgz',
    '',
    'https://',
  ),
);

const integrities = fc.oneof(
  fc
    .uint8Array({ minLength: 64, maxLength: 64 })
    .map((bytes) => `sha512-${Buffer.from(bytes).toString('base64')}`),
  fc.constantFrom('sha1-abc=', 'sha512-short', `sha512-${'A'.repeat(85)}B==`, 'sha512-a sha1-b'),
);
const shasums = fc.oneof(
  fc
    .uint8Array({ minLength: 20, maxLength: 20 })
    .map((bytes) => Buffer.from(bytes).toString('hex')),
  fc.constantFrom('ABCDEF', 'a'.repeat(39), 'A'.repeat(40)),
);

const distMembers = fc.oneof(
  { weight: 8, arbitrary: fc.tuple(fc.constant('tarball'), urls.map(text)) },
  { weight: 4, arbitrary: fc.tuple(fc.constant('integrity'), integrities.map(text)) },
  { weight: 4, arbitrary: fc.tuple(fc.constant('shasum'), shasums.map(text)) },
  fc.tuple(fc.constantFrom('tarball', 'integrity', 'shasum', 'fileCount', 'tarbal1'), anything),
);

const manifestMembers = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.tuple(
      fc.constant('dist'),
      fc.array(distMembers, { maxLength: 5 }).map((members) => object(...members)),
    ),
  },
  fc.tuple(
    fc.constant('deprecated'),
    fc.oneof(words.map(text), fc.constantFrom('true', 'false', 'null').map(raw)),
  ),
  fc.tuple(fc.constantFrom('dist', 'name', 'version', 'dependencies', 'readme', 'di$t'), anything),
);

const manifests: fc.Arbitrary<Node> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.array(manifestMembers, { maxLength: 4 }).map((members) => object(...members)),
  },
  anything,
);

const times = fc.oneof(
  fc.integer({ min: 0, max: 2e12 }).map((ms) => text(new Date(ms).toISOString())),
  fc
    .constantFrom('2026-03-21T20:33:26.017000+00:00', 'yesterday', '1', '2026-13-01T00:00:00Z')
    .map(text),
  anything,
);

const objectOf = (member: fc.Arbitrary<readonly [string, Node]>): fc.Arbitrary<Node> =>
  fc.array(member, { maxLength: 6 }).map((members) => object(...members));

const rootMembers = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.tuple(fc.constant('versions'), objectOf(fc.tuple(versionKeys, manifests))),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(
      fc.constant('time'),
      objectOf(fc.tuple(fc.oneof(versionKeys, fc.constantFrom('created', 'modified')), times)),
    ),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(
      fc.constant('dist-tags'),
      objectOf(
        fc.tuple(
          fc.constantFrom('latest', 'next', 'beta', '__proto__', 'té'),
          fc.oneof({ weight: 5, arbitrary: versionKeys.map(text) }, anything),
        ),
      ),
    ),
  },
  fc.tuple(
    fc.constantFrom('modified', 'time', 'dist-tags', 'readme', '_id', 'users', '__proto__'),
    anything,
  ),
  fc.tuple(fc.constant('modified'), times),
);

/**
 * The texts of packuments of `packageName`, valid JSON all of them: with keys that come twice at every level, escapes
 * and white space anywhere, and odd values in every place but `name` and `versions`.
 */
export const packumentTexts: fc.Arbitrary<string> = fc
  .tuple(fc.array(rootMembers, { maxLength: 6 }), fc.nat(6), choices)
  .map(([members, at, choose]) => {
    const name: readonly [string, Node] = ['name', text(packageName)];
    const named = [...members.slice(0, at), name, ...members.slice(at)];
    return write(object(...named), choose);
  });
