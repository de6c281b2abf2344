import { rootCertificates } from 'node:tls';
import { createRootFiles, type RootFiles, UnreadableFile } from '../../src/network.ts';
import { certificatesIn } from './pem-certificates.ts';
import type { TrustProblem } from './trust-client.ts';
import { readRecord, type TrustRecord } from './trust-record.ts';

/** What is looked at when trust is inspected or changed. */
export interface TrustContext {
  readonly files: RootFiles;
  /** The mirror's, in PEM. */
  readonly certificates: readonly string[];
  readonly record: TrustRecord;
  readonly homes: readonly Home[];
  /** The environment and the project of this session; null for a root file system that is not running. */
  readonly session: { readonly env: NodeJS.ProcessEnv; readonly directory: string } | null;
}

/** A user's home directory as it is seen inside the root. */
export interface Home {
  readonly path: string;
  readonly uid: number;
}

export interface TrustPlace {
  /** `/`, or the directory of a root file system that is not running. */
  readonly root: string;
  readonly certificates: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  /** Where the session is. */
  readonly directory: string;
}

const maxHomes = 1000;
/** Far more than all the authorities of a system. */
const maxBundleBytes = 16 * 1024 * 1024;
/** Where the certificates of all trusted authorities lie: Debian, Ubuntu and Alpine; Red Hat and its kin; SUSE. */
const systemBundles = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem',
  '/var/lib/ca-certificates/ca-bundle.pem',
];

export async function openTrustContext(place: TrustPlace): Promise<TrustContext> {
  const files = createRootFiles(place.root);
  const isRunning = place.root === '/';
  return {
    files,
    certificates: certificatesIn(place.certificates.join('\n')),
    record: await readRecord(files),
    homes: await findHomes(files, isRunning ? place.env['HOME'] : undefined),
    session: isRunning ? { env: place.env, directory: place.directory } : null,
  };
}

/** The certificates of a file, or why it cannot be told which. */
export async function readCertificates(
  files: RootFiles,
  path: string,
): Promise<readonly string[] | TrustProblem> {
  try {
    const file = await files.read(path, maxBundleBytes);
    if (file === null) return { kind: 'unclear', words: `names ${path}, which does not exist` };
    const found = certificatesIn(file.text);
    if (found.length > 0) return found;
    return { kind: 'unclear', words: `names ${path}, which holds no certificate` };
  } catch (error) {
    if (!(error instanceof UnreadableFile)) throw error;
    return { kind: 'unclear', words: `names ${path}, which ${error.words}` };
  }
}

/** What the system trusts but for the mirror's own, now or before; where it has nothing, what Node.js brings. */
export async function readSystemRoots({
  files,
  certificates,
  record,
}: TrustContext): Promise<readonly string[]> {
  const own = new Set([
    ...certificates,
    ...certificatesIn(record.pieces.map(({ text }) => text).join('\n')),
  ]);
  for (const path of systemBundles) {
    if (!(await files.exists(path))) continue;
    const found = await readCertificates(files, path);
    if (!('kind' in found)) return found.filter((certificate) => !own.has(certificate));
  }
  return certificatesIn(rootCertificates.join('\n'));
}

/** Those of root and of people (passwd(5), login.defs(5)), as far as they exist. */
async function findHomes(
  files: RootFiles,
  sessionHome: string | undefined,
): Promise<readonly Home[]> {
  const lines = ((await files.read('/etc/passwd'))?.text ?? '').split('\n');
  const paths = lines.flatMap((line) => {
    const [, , uid = '', , , path = ''] = line.split(':');
    const isPerson =
      uid !== '' && (Number(uid) === 0 || (Number(uid) >= 1000 && Number(uid) < 60_000));
    return isPerson && path.startsWith('/') && path !== '/' ? [path] : [];
  });
  if (sessionHome?.startsWith('/') === true) paths.push(sessionHome);
  const homes: Home[] = [];
  for (const path of [...new Set(paths)].slice(0, maxHomes)) {
    const uid = await files.owner(path);
    if (uid !== null) homes.push({ path, uid });
  }
  return homes;
}
