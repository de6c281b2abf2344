import { X509Certificate } from 'node:crypto';
import { AshlarError } from '../../src/index.ts';
import { UnreadableFile } from '../../src/network.ts';
import { certificatesIn } from './pem-certificates.ts';
import { findSystemStore, storeProgram } from './system-parts.ts';
import type { TrustContext } from './trust-context.ts';

type Files = Pick<TrustContext, 'files'>;

const configuration = '/etc/ca-certificates.conf';
const packaged = '/usr/share/ca-certificates';
const maxBundleBytes = 16 * 1024 * 1024;
/** Of directories in directories. */
const maxDepth = 8;
const shownSubjects = 5;

/**
 * Throws `trust_store_refused` where the program that makes this machine's bundle anew would drop certificates from it: those
 * that somebody put into the bundle alone.
 */
export async function requireNothingLost(context: TrustContext): Promise<void> {
  const store = await findSystemStore(context);
  // Of the Red Hat kind, the bundle says itself that nobody writes to it, and not all of its sources are certificates.
  if (store === null || store.hashed === null) return;
  if ((await storeProgram(context, store)) === null) return;
  const lost = await unkeptCertificates(context, store);
  if (lost.length === 0) return;
  const subjects = lost.slice(0, shownSubjects).map(subjectOf);
  const more = lost.length > shownSubjects ? ', ...' : '';
  throw new AshlarError(
    'trust_store_refused',
    `${store.program} would drop ${lost.length} of the certificates in ${store.bundle}, which are in no other file that it reads: ${subjects.join(', ')}${more}; nothing was changed`,
    {
      data: { path: store.bundle, subjects },
      hint: `Put each of them into a file of its own, ${store.anchors}/NAME${store.suffix}, and run the command again.`,
    },
  );
}

/** What a bundle of Debian's kind has (update-ca-certificates(8)) that is in none of the files that it is made of. */
export async function unkeptCertificates(
  { files }: Files,
  { bundle, anchors }: { readonly bundle: string; readonly anchors: string },
): Promise<readonly string[]> {
  const held = certificatesIn((await files.read(bundle, maxBundleBytes))?.text ?? '');
  const kept = new Set<string>();
  for (const path of [...(await chosenFiles({ files })), ...(await filesBelow({ files }, anchors))])
    for (const certificate of certificatesIn(await readText({ files }, path)))
      kept.add(certificate);
  return held.filter((each) => !kept.has(each) && !isMirrors(each));
}

/** The configuration names what is taken of that which packages bring; all of it where there is none. */
async function chosenFiles({ files }: Files): Promise<readonly string[]> {
  const lines = (await files.read(configuration))?.text.split('\n') ?? [];
  const named = lines.filter((line) => line !== '' && !/^[#!]/.test(line));
  return lines.every((line) => line === '')
    ? filesBelow({ files }, packaged)
    : named.map((name) => `${packaged}/${name}`);
}

async function filesBelow({ files }: Files, directory: string, depth = 0): Promise<string[]> {
  const found: string[] = [];
  for (const name of depth === maxDepth ? [] : await files.list(directory)) {
    const path = `${directory}/${name}`;
    if (name.endsWith('.crt')) found.push(path);
    else found.push(...(await filesBelow({ files }, path, depth + 1)));
  }
  return found;
}

async function readText({ files }: Files, path: string): Promise<string> {
  try {
    return (await files.read(path))?.text ?? '';
  } catch (error) {
    if (error instanceof UnreadableFile) return '';
    throw error;
  }
}

/** The mirror's own come and go with what is installed. */
function isMirrors(pem: string): boolean {
  return /^CN=Ashlar mirror authority /m.test(new X509Certificate(pem).subject);
}

function subjectOf(pem: string): string {
  return new X509Certificate(pem).subject.replaceAll(/[\p{Cc}\n]+/gu, ', ');
}
