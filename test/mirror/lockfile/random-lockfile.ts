import fc from 'fast-check';
import type { LockfileKind } from '../../../mirror/lockfile/lockfile.ts';
import type { HomeRegistries } from '../../../mirror/lockfile/home-registries.ts';

/** Made-up registries: the kinds have different ones, as in life. */
export const testHomes: HomeRegistries = {
  npm: 'https://registry.npm.test',
  pnpm: 'https://registry.npm.test',
  bun: 'https://registry.npm.test',
  'yarn-classic': 'https://registry.yarn.test',
  'yarn-berry': 'https://registry.yarn.test',
};

export interface RandomLockfile {
  readonly kind: LockfileKind;
  readonly name: string;
  readonly text: string;
}

interface RandomPackage {
  readonly name: string;
  readonly version: string;
  readonly url: string | null;
  readonly integrity: string | null;
}

const integrity = `sha512-${'A'.repeat(85)}/Q==`;
const origins = [
  'https://registry.npm.test',
  'https://registry.yarn.test',
  'http://registry.npm.test',
  'HTTPS://Registry.NPM.test',
  'https://registry.npm.test.',
  'https://registry.npm.test:443',
  'http://registry.yarn.test:80',
  'https://npm.corp.test:8443/api/npm',
  'https://npm.corp.test:8443/other',
  'https://elsewhere.test',
  'https://user:secret@registry.npm.test',
  'https://registry.npm.test/..',
  'https://registry.npm.test/-/via/https/elsewhere.test',
  'https:/registry.npm.test',
];
const name = fc.constantFrom(
  'once',
  '@types/ms',
  'a.b',
  'left-pad',
  'resolved',
  'dependencies',
  'version',
  '__proto__',
);
const version = fc.constantFrom('1.0.0', '2.3.4-rc.1+build.5', '0.0.1');

const anyPackage: fc.Arbitrary<RandomPackage> = fc
  .tuple(
    name,
    version,
    fc.option(fc.constantFrom(...origins), { freq: 8 }),
    fc.constantFrom('', '#5b8a', '?x=1&y=2'),
    fc.boolean(),
  )
  .map(([own, ownVersion, origin, end, hasIntegrity]) => ({
    name: own,
    version: ownVersion,
    url:
      origin === null
        ? null
        : `${origin}/${own}/-/${own.split('/').at(-1)}-${ownVersion}.tgz${end}`,
    integrity: hasIntegrity ? integrity : null,
  }));

const packages = fc.uniqueArray(anyPackage, {
  maxLength: 8,
  selector: (one) => `${one.name}@${one.version}`,
});

/** How the file is written, whatever is in it. */
const anyStyle = fc.record({
  lineBreak: fc.constantFrom('\n', '\r\n'),
  mark: fc.constantFrom('', '\uFEFF'),
  end: fc.constantFrom('', '\n', '\n\n'),
  indent: fc.constantFrom(2, 4, '\t', 0),
  slashes: fc.constantFrom('/', String.raw`\/`),
  layout: fc.constantFrom('inline', 'block', 'formatted'),
  quote: fc.constantFrom('', "'", '"'),
});
type Style = typeof anyStyle extends fc.Arbitrary<infer S> ? S : never;

type Writer = (packages: readonly RandomPackage[], style: Style) => string;

const present = <T extends object>(fields: T): Partial<T> =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null)) as Partial<T>;

const npmEntry = ({ version: own, url, integrity: sri }: RandomPackage): object =>
  present({ version: own, resolved: url, integrity: sri });

function asJson(value: unknown, { indent, slashes }: Style): string {
  return JSON.stringify(value, null, indent).replaceAll('/', slashes);
}

const byName = (list: readonly RandomPackage[]): Record<string, object> =>
  Object.fromEntries(list.map((one) => [one.name, npmEntry(one)]));

const npm1: Writer = (list, style) => {
  const [first, ...rest] = list;
  const nested =
    first === undefined
      ? {}
      : {
          parent: {
            ...npmEntry(first),
            requires: { resolved: 'https://registry.npm.test/x' },
            dependencies: byName(rest),
          },
        };
  return asJson(
    { name: 'x', lockfileVersion: 1, requires: true, dependencies: { ...byName(list), ...nested } },
    style,
  );
};

const npm3: Writer = (list, style) => {
  const folders = Object.fromEntries(
    list.map((one, index) => [
      `${'node_modules/p/'.repeat(index % 3)}node_modules/${one.name}`,
      npmEntry(one),
    ]),
  );
  const root = {
    name: 'x',
    dependencies: Object.fromEntries(list.map((one) => [one.name, one.version])),
  };
  const others = {
    'packages/ws': { version: '1.0.0', resolved: 'https://registry.npm.test/ws' },
    'node_modules/ws': { resolved: 'packages/ws', link: true },
    'node_modules/git': { version: '1.0.0', resolved: 'git+ssh://git@registry.npm.test/x.git#abc' },
  };
  return asJson(
    {
      name: 'x',
      lockfileVersion: 3,
      requires: true,
      packages: { '': root, ...folders, ...others },
    },
    style,
  );
};

const npm2: Writer = (list, style) => {
  const both = JSON.parse(npm3(list, { ...style, slashes: '/' })) as object;
  return asJson({ ...both, lockfileVersion: 2, dependencies: byName(list) }, style);
};

const bun: Writer = (list, style) => {
  const entries = list.map(
    ({ name: own, version: ownVersion, url, integrity: sri }, index) =>
      `    ${JSON.stringify(`${own}${index}`)}: ${JSON.stringify([`${own}@${ownVersion}`, url ?? '', { bin: { x: 'https://registry.npm.test/x' } }, ...(sri === null ? [] : [sri])])},`,
  );
  const lines = [
    '{',
    '  "lockfileVersion": 1,',
    '  "workspaces": { "": { "name": "x" } },',
    '  "packages": {',
    ...entries,
    '    "ws": ["ws@workspace:ws"], // here',
    '  }',
    '}',
  ];
  return lines
    .join('\n')
    .replaceAll('/', (slash, at: number, text: string) =>
      text.startsWith('// here', at) || text.startsWith('/ here', at) ? slash : style.slashes,
    );
};

const pnpmWriter =
  (major: 6 | 9): Writer =>
  (list, { layout, quote }) => {
    const quoted = (text: string): string => `${quote}${text}${quote}`;
    const entries = list.flatMap(({ name: own, version: ownVersion, url, integrity: sri }) => {
      const key = `'${major === 6 ? '/' : ''}${own}@${ownVersion}(react@18.0.0)'`;
      const fields = [
        ...(sri === null && url !== null ? [] : [`integrity: ${integrity}`]),
        ...(url === null ? [] : [`tarball: ${quoted(url)}`]),
      ];
      const resolution =
        {
          inline: [`    resolution: {${fields.join(', ')}}`],
          block: ['    resolution:', ...fields.map((field) => `      ${field}`)],
          formatted: [
            '    resolution:',
            '      {',
            ...fields.map((field) => `        ${field},`),
            '      }',
          ],
        }[layout] ?? [];
      return [
        `  ${key}:`,
        ...resolution,
        "    engines: {node: '>=6'}",
        '    deprecated: |-',
        '      tarball: https://registry.npm.test/x',
        '',
      ];
    });
    return [
      `lockfileVersion: '${major}.0'`,
      '',
      'importers:',
      '',
      '  .:',
      '    dependencies:',
      '      tarball:',
      '        specifier: https://registry.npm.test/x.tgz',
      "        version: '@registry.npm.test/x.tgz'",
      '',
      'packages:',
      '',
      ...entries,
    ].join('\n');
  };

const yarn1: Writer = (list, { slashes }) =>
  [
    '# yarn lockfile v1',
    '',
    '',
    ...list.flatMap(({ name: own, version: ownVersion, url, integrity: sri }) => [
      `"${own}@^${ownVersion}", "${own}@~${ownVersion}":`,
      `  version "${ownVersion}"`,
      ...(url === null ? [] : [`  resolved "${url.replaceAll('/', slashes)}"`]),
      ...(sri === null ? [] : [`  integrity ${sri}`]),
      '  dependencies:',
      '    resolved "https://registry.yarn.test/x"',
      '',
    ]),
  ].join('\n');

const berry: Writer = (list) => {
  const entry = (own: RandomPackage): string => {
    const archive = own.url === null ? '' : `::__archiveUrl=${encodeURIComponent(own.url)}&x=y`;
    return `${own.name}@npm:${own.version}${archive}`;
  };
  const patched = (own: RandomPackage): string =>
    entry(own)
      .replace(`${own.name}@`, '')
      .replaceAll('%', '%25')
      .replaceAll(':', '%3A')
      .replaceAll('#', '%23');
  return [
    '__metadata:',
    '  version: 8',
    '  cacheKey: 10c0',
    '',
    ...list.flatMap((own) => [
      `"${own.name}@npm:^${own.version}":`,
      `  version: ${own.version}`,
      `  resolution: "${entry(own)}"`,
      '  checksum: 10c0/abc',
      '  languageName: node',
      '',
      `"${own.name}@patch:${own.name}@npm%3A${own.version}#x.patch":`,
      `  version: ${own.version}`,
      `  resolution: "${own.name}@patch:${own.name}@${patched(own)}#x.patch::version=1&hash=abc"`,
      '',
    ]),
  ].join('\n');
};

const forms: readonly { kind: LockfileKind; name: string; write: Writer }[] = [
  { kind: 'npm', name: 'package-lock.json', write: npm1 },
  { kind: 'npm', name: 'npm-shrinkwrap.json', write: npm2 },
  { kind: 'npm', name: 'package-lock.json', write: npm3 },
  { kind: 'bun', name: 'bun.lock', write: bun },
  { kind: 'pnpm', name: 'pnpm-lock.yaml', write: pnpmWriter(6) },
  { kind: 'pnpm', name: 'pnpm-lock.yaml', write: pnpmWriter(9) },
  { kind: 'yarn-classic', name: 'yarn.lock', write: yarn1 },
  { kind: 'yarn-berry', name: 'yarn.lock', write: berry },
];

/** Lockfiles of every kind, with URLs good and bad, in every style that their form allows. */
export const anyLockfile: fc.Arbitrary<RandomLockfile> = fc
  .tuple(fc.constantFrom(...forms), packages, anyStyle)
  .map(([{ kind, name: file, write }, list, style]) => ({
    kind,
    name: file,
    text: `${style.mark}${write(list, style)}${style.end}`.replaceAll('\n', style.lineBreak),
  }));
