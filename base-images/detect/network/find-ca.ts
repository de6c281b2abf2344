import type { BytePath } from '../../../src/index.ts';
import { pemBlocks } from '../../certificates/pem.ts';
import type { CaFacts, ToolFacts } from '../base-facts.ts';
import type { Look } from '../look.ts';

/** Mozilla's all together have 250 KiB. */
const maxBundleBytes = 16 * 1024 * 1024;
const maxDepth = 8;
/** Names that are looked at. */
const maxNames = 5_000;

/** Where distributions keep their bundle, the most common first; Go's crypto/x509 looks at the same. */
const bundles: readonly BytePath[] = [
  'etc/ssl/certs/ca-certificates.crt',
  'etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem',
  'etc/pki/tls/certs/ca-bundle.crt',
  'etc/ssl/ca-bundle.pem',
  'etc/ssl/cert.pem',
];

const debianLocal = 'usr/local/share/ca-certificates';
const redhatLocal = 'etc/pki/ca-trust/source/anchors';

/** The authorities that programs of the image trust, and how one is added. */
export async function findCa(look: Look, tools: ToolFacts): Promise<CaFacts> {
  const bundlePath = await bundleOf(look);
  const mechanism = mechanismOf(tools, bundlePath);
  const localDirectory = directoryOf(mechanism);
  return {
    bundlePath,
    certificates: bundlePath === null ? 0 : await countCertificates(look, bundlePath),
    mechanism,
    localDirectory,
    localCertificates: await certificatesBelow(look, localDirectory ?? debianLocal),
  };
}

async function bundleOf(look: Look): Promise<BytePath | null> {
  for (const path of bundles) if ((await look.files.follow(path))?.type === 'file') return path;
  return null;
}

function mechanismOf(tools: ToolFacts, bundlePath: BytePath | null): CaFacts['mechanism'] {
  if (tools.updateCaCertificates !== null) return 'update-ca-certificates';
  if (tools.updateCaTrust !== null) return 'update-ca-trust';
  return bundlePath === null ? 'none' : 'bundle-only';
}

function directoryOf(mechanism: CaFacts['mechanism']): BytePath | null {
  if (mechanism === 'update-ca-certificates') return debianLocal;
  return mechanism === 'update-ca-trust' ? redhatLocal : null;
}

async function countCertificates(look: Look, path: BytePath): Promise<number> {
  const text = (await look.bytes(path, maxBundleBytes))?.toString('latin1') ?? '';
  let count = 0;
  for (const _ of pemBlocks(text)) count += 1;
  return count;
}

/** Real directories alone, so that no link leads in a circle. */
async function certificatesBelow(look: Look, root: BytePath): Promise<readonly BytePath[]> {
  const found: BytePath[] = [];
  let seen = 0;
  const pending: { readonly path: BytePath; readonly depth: number }[] = [{ path: root, depth: 0 }];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    for (const name of await look.files.names(next.path)) {
      const path = `${next.path}/${name}`;
      const type = (await look.files.at(path))?.type;
      if (type === 'directory' && next.depth < maxDepth)
        pending.push({ path, depth: next.depth + 1 });
      if (type !== 'directory' && name.endsWith('.crt')) found.push(path);
      seen += 1;
      if (seen < maxNames) continue;
      look.note({ path: root, kind: 'too-large', says: `has more than ${maxNames} files` });
      return found.toSorted();
    }
  }
  return found.toSorted();
}
