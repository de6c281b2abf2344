import { UnreadableFile } from '../../src/network.ts';
import { certificatesIn, holdsAll, shortFingerprint } from './pem-certificates.ts';
import { subjectHash } from './subject-hash.ts';
import type { TrustPart, TrustProblem } from './trust-client.ts';
import type { TrustContext } from './trust-context.ts';

/** How a kind of system keeps the certificates that all its programs trust. */
export interface SystemStore {
  /** Where an administrator puts certificates, one a file. */
  readonly anchors: string;
  readonly suffix: string;
  /** What is made of them all. */
  readonly bundle: string;
  /** Where OpenSSL looks for links with hashes, null where it reads the bundle. */
  readonly hashed: string | null;
  /** Makes the bundle and the links. */
  readonly program: string;
}

const stores: readonly SystemStore[] = [
  {
    anchors: '/etc/pki/ca-trust/source/anchors',
    suffix: '.pem',
    bundle: '/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem',
    hashed: null,
    program: 'update-ca-trust',
  },
  {
    anchors: '/usr/local/share/ca-certificates',
    suffix: '.crt',
    bundle: '/etc/ssl/certs/ca-certificates.crt',
    hashed: '/etc/ssl/certs',
    program: 'update-ca-certificates',
  },
];
const programDirectories = ['/usr/sbin', '/usr/bin', '/sbin', '/bin', '/usr/local/sbin'];
const maxBundleBytes = 16 * 1024 * 1024;

/** The store of a root file system, null where there is none that is known: Debian, Ubuntu, Alpine, Red Hat and kin. */
export async function findSystemStore({ files }: TrustContext): Promise<SystemStore | null> {
  for (const store of stores) if (await files.exists(store.bundle)) return store;
  return null;
}

/** Only on this machine: no program of a root file system that is not running is ever started. */
export async function storeProgram(
  { files, session }: TrustContext,
  store: SystemStore,
): Promise<string | null> {
  if (session === null) return null;
  for (const directory of programDirectories) {
    const path = `${directory}/${store.program}`;
    if (await files.exists(path)) return path;
  }
  return null;
}

/** Throws nothing: without a store the part says what to do. */
export async function systemParts(context: TrustContext): Promise<readonly TrustPart[]> {
  const store = await findSystemStore(context);
  if (store === null) {
    const words = 'is not there: install the package ca-certificates';
    return [
      systemPart('/etc/ssl/certs/ca-certificates.crt', { problem: { kind: 'theirs', words } }),
    ];
  }
  const wanted = new Map(context.certificates.map((pem) => [anchorPath(store, pem), pem]));
  const parts: TrustPart[] = [];
  for (const [path, text] of wanted) {
    const isRight = (await context.files.read(path))?.text === text;
    parts.push(
      systemPart(path, {
        change: isRight ? null : { kind: 'file', what: "the mirror's certificate", text },
      }),
    );
  }
  const program = await storeProgram(context, store);
  if (program === null) parts.push(...(await linkParts(context, store)));
  const stale = await staleParts(context, store);
  parts.push(...stale, await bundlePart(context, store, { program, isStale: stale.length > 0 }));
  return parts;
}

/** Certificates of the mirror that it no longer has, and links to them. */
async function staleParts(
  context: TrustContext,
  store: SystemStore,
): Promise<readonly TrustPart[]> {
  const names = context.certificates.map(anchorName);
  const own = [...(await ownAnchors(context, store)), ...(await ownLinks(context, store))];
  const stale: TrustPart[] = [];
  for (const path of own) {
    const target = (await context.files.linkTarget(path)) ?? path;
    const what = 'a certificate that the mirror no longer has';
    if (!names.some((name) => target.includes(name)))
      stale.push(systemPart(path, { change: { kind: 'remove', what } }));
  }
  return stale;
}

/** Where a certificate of the mirror stands among the administrator's. */
function anchorPath(store: SystemStore, pem: string): string {
  return `${store.anchors}/${anchorName(pem)}${store.suffix}`;
}

/** Links to certificates of the mirror in the directory that OpenSSL looks into. */
export async function ownLinks(
  { files }: TrustContext,
  store: SystemStore,
): Promise<readonly string[]> {
  const found: string[] = [];
  for (const name of store.hashed === null ? [] : await files.list(store.hashed)) {
    const path = `${store.hashed}/${name}`;
    const target = await files.linkTarget(path);
    if (target !== null && /(^|\/)ashlar-mirror-[0-9a-f]{16}\.(pem|crt)$/.test(target))
      found.push(path);
  }
  return found;
}

function anchorName(pem: string): string {
  return `ashlar-mirror-${shortFingerprint(pem)}`;
}

async function ownAnchors({ files }: TrustContext, store: SystemStore): Promise<readonly string[]> {
  const names = await files.list(store.anchors);
  return names
    .filter((name) => /^ashlar-mirror-[0-9a-f]{16}\./.test(name))
    .map((name) => `${store.anchors}/${name}`);
}

async function bundlePart(
  context: TrustContext,
  store: SystemStore,
  { program, isStale }: { readonly program: string | null; readonly isStale: boolean },
): Promise<TrustPart> {
  const { files, certificates, record } = context;
  let text: string;
  try {
    text = (await files.read(store.bundle, maxBundleBytes))?.text ?? '';
  } catch (error) {
    if (!(error instanceof UnreadableFile)) throw error;
    return systemPart(store.bundle, { problem: { kind: 'unclear', words: error.words } });
  }
  const isRight = holdsAll(text, certificates);
  if (program !== null)
    return systemPart(store.bundle, {
      isRight,
      change:
        isRight && !isStale ? null : { kind: 'tool', what: `made anew by ${program}`, program },
    });
  const held = new Set(certificatesIn(text));
  const missing = certificates.filter((pem) => !held.has(pem));
  const newline = text === '' || text.endsWith('\n') ? '' : '\n';
  const add = missing.map((pem, index) => (index === 0 ? newline + pem : pem));
  const remove = record.pieces.flatMap((piece) =>
    piece.path === store.bundle && !certificates.includes(piece.text.trimStart())
      ? [piece.text]
      : [],
  );
  const isDone = add.length + remove.length === 0;
  return systemPart(store.bundle, {
    isRight,
    change: isDone ? null : { kind: 'pieces', what: "the mirror's certificates", add, remove },
  });
}

/** As `openssl rehash` makes them: for each certificate a link by name, and one by the hash of its subject. */
async function linkParts(context: TrustContext, store: SystemStore): Promise<readonly TrustPart[]> {
  const parts: TrustPart[] = [];
  for (const pem of store.hashed === null ? [] : context.certificates) {
    const name = `${anchorName(pem)}.pem`;
    parts.push(await linkPart(context, `${store.hashed}/${name}`, anchorPath(store, pem)));
    const hashed = await freeHash(context, store, pem);
    if (hashed !== null) parts.push(await linkPart(context, hashed, name));
  }
  return parts;
}

/** Different subjects may have one hash; then they are numbered. */
async function freeHash(
  { files }: TrustContext,
  store: SystemStore,
  pem: string,
): Promise<string | null> {
  const hash = subjectHash(pem);
  if (hash === null) return null;
  for (let number = 0; number < 10; number += 1) {
    const path = `${store.hashed}/${hash}.${number}`;
    const target = await files.linkTarget(path);
    if (target === `${anchorName(pem)}.pem` || !(await files.existsAsName(path))) return path;
  }
  return null;
}

async function linkPart(context: TrustContext, path: string, target: string): Promise<TrustPart> {
  const isRight = (await context.files.linkTarget(path)) === target;
  const what = `a link to ${target}`;
  return systemPart(path, { change: isRight ? null : { kind: 'link', what, target } });
}

function systemPart(
  path: string,
  {
    change = null,
    problem = null,
    isRight = change === null && problem === null,
  }: {
    readonly change?: TrustPart['change'];
    readonly problem?: TrustProblem | null;
    readonly isRight?: boolean;
  },
): TrustPart {
  return { clients: ['system'], path, isRight, change, problem };
}
