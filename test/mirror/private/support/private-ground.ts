import { ask, type Asked, type WireAnswer } from '../../../support/npm-registry/ask.ts';
import type { PackageDescription } from '../../../support/npm-registry/made-package.ts';
import { abbreviatedType } from '../../../support/npm-registry/packument.ts';
import {
  type RecordedRegistry,
  type RecordedRegistryOptions,
  startRecordedRegistry,
} from '../../../support/npm-registry/recorded-registry.ts';
import { type MirrorProcess, startMirrorProcess } from '../../processes/support/mirror-process.ts';

export const publicHost = 'registry.npm.test';
export const acmeHost = 'npm.acme.test';
export const owner = 'npm_Owner0123456789abcdefXYZ';
/** Stands in the packument and the tarball of all private packages. */
export const marker = 'classified-contents';

/** On the public registry, for those with the token alone. */
export const hiddenName = 'hidden-on-public';
/** On a registry of their own, which is bound to the scope. */
export const boundName = '@acme/lib';

export function privatePackage(name: string, readers: readonly string[]): PackageDescription {
  const version = { manifest: { description: marker }, files: { 'index.js': `// ${marker}\n` } };
  return { name, versions: { '1.0.0': version, '1.1.0': version }, readers };
}

/** A public registry with a private package in it, a private registry, and a mirror of both. */
export interface PrivateGround extends AsyncDisposable {
  readonly mirror: MirrorProcess;
  readonly publicRegistry: RecordedRegistry;
  readonly acmeRegistry: RecordedRegistry;
}

export interface GroundOptions {
  readonly home: string;
  readonly refusal?: 401 | 404;
  /** How long documents are given out unasked. Default an hour. */
  readonly maxAgeSec?: number;
  /** In place of those above. */
  readonly publicOptions?: RecordedRegistryOptions;
  readonly trustedHosts?: readonly string[];
}

export async function openPrivateGround(options: GroundOptions): Promise<PrivateGround> {
  const { home, refusal = 404, maxAgeSec = 3600, trustedHosts = [] } = options;
  await using stack = new AsyncDisposableStack();
  const packages = [
    privatePackage(hiddenName, [owner]),
    { name: 'open-to-all', versions: { '1.0.0': {} } },
    // What an attacker would publish to be taken for the private one.
    { name: boundName, versions: { '9.9.9': { manifest: { description: 'planted' } } } },
  ];
  const publicRegistry = stack.use(
    await startRecordedRegistry({ publicHost, packages, refusal, ...options.publicOptions }),
  );
  const acmeRegistry = stack.use(
    await startRecordedRegistry({
      publicHost: acmeHost,
      packages: [privatePackage(boundName, [owner])],
      refusal,
    }),
  );
  const mirror = stack.use(
    await startMirrorProcess({
      home,
      config: {
        registries: [
          { name: 'npm', hosts: [publicHost], upstreams: [publicRegistry.url] },
          { name: 'acme', hosts: [acmeHost], upstreams: [acmeRegistry.url], access: 'private' },
        ],
        scopes: { '@acme': 'acme' },
        maxAgeSec,
        trustedHosts,
      },
    }),
  );
  const owned = stack.move();
  return {
    mirror,
    publicRegistry,
    acmeRegistry,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** How a private package is addressed: the ways to the mirror, and who has it. */
export interface Address {
  readonly title: string;
  readonly name: string;
  /** The Host header; undefined for the mirror's own. */
  readonly host?: string;
  readonly prefix: string;
}

export const addresses: readonly Address[] = [
  {
    title: 'hidden on the public registry, transparent',
    name: hiddenName,
    host: publicHost,
    prefix: '',
  },
  {
    title: 'hidden on the public registry, by its path',
    name: hiddenName,
    prefix: `/-/via/https/${publicHost}`,
  },
  { title: 'of a private registry, transparent', name: boundName, host: acmeHost, prefix: '' },
  {
    title: 'of a private registry, by its path',
    name: boundName,
    prefix: `/-/via/https/${acmeHost}`,
  },
  { title: 'of a private registry, by the bound scope', name: boundName, prefix: '' },
];

/** Everything that can be asked of a package, with what an answer that gives it away has. */
export interface Question extends Asked {
  readonly title: string;
  readonly path: string;
}

export function questionsFor(name: string): readonly Question[] {
  const file = `${name.split('/').at(-1)}-1.0.0.tgz`;
  const tarball = `/${name}/-/${file}`;
  return [
    { title: 'full packument', path: `/${name}` },
    { title: 'escaped name', path: `/${name.replace('/', '%2f')}` },
    { title: 'abbreviated packument', path: `/${name}`, headers: { accept: abbreviatedType } },
    { title: 'compressed packument', path: `/${name}`, headers: { 'accept-encoding': 'gzip' } },
    { title: 'head of the packument', path: `/${name}`, method: 'HEAD' },
    { title: 'version', path: `/${name}/1.0.0` },
    { title: 'version by tag', path: `/${name}/latest` },
    { title: 'dist-tags', path: `/-/package/${name.replace('/', '%2f')}/dist-tags` },
    { title: 'tarball', path: tarball },
    {
      title: 'escaped tarball',
      path: tarball.replace(`/${name}/`, `/${name.replace('/', '%2f')}/`),
    },
    { title: 'head of the tarball', path: tarball, method: 'HEAD' },
    { title: 'part of the tarball', path: tarball, headers: { range: 'bytes=0-99' } },
    { title: 'end of the tarball', path: tarball, headers: { range: 'bytes=-5' } },
  ];
}

export function askMirror(
  { mirror }: Pick<PrivateGround, 'mirror'>,
  { host, prefix }: Pick<Address, 'host' | 'prefix'>,
  { path, headers = {}, method = 'GET', idleMs = 30_000 }: Asked & { readonly path: string },
): Promise<WireAnswer> {
  const named = host === undefined ? {} : { host };
  return ask(`${mirror.url.slice(0, -1)}${prefix}${path}`, {
    method,
    headers: { ...named, ...headers },
    idleMs,
  });
}

export function bearer(token: string): { readonly authorization: string } {
  return { authorization: `Bearer ${token}` };
}
