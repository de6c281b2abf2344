import { type BytePath, fromUtf8, joinPath, parentOf } from '../../../src/index.ts';
import { fingerprintsIn } from '../../certificates/pem.ts';
import type { CaCertificate } from '../ca/read-ca-file.ts';
import { type Reason, rootsFile } from '../draft.ts';
import type { StepContext } from '../step-context.ts';
import { bytesOf, readText } from '../text-file.ts';

const step = 'ca';

/** Where OpenSSL and GnuTLS look in images of most distributions, also before anything is installed there. */
export const usualBundle = 'etc/ssl/certs/ca-certificates.crt';
/** Of update-ca-certificates, in Debian, Alpine and their relatives. */
const usualLocal = 'usr/local/share/ca-certificates';
/** Of update-ca-trust, in Fedora and its relatives. */
const anchors = 'etc/pki/ca-trust/source/anchors';

/**
 * Authorities that programs of the image trust. Each gets a file where the distribution's own mechanism looks, and beside it what
 * that mechanism would make of it: an entry in the bundle, and in the directory a link of the name under which OpenSSL looks. Where the
 * mechanism is run later, it comes to the same. An image without a mechanism gets the same files: what is installed later finds them.
 */
export async function planCa(context: StepContext): Promise<void> {
  const { facts, options, note } = context;
  for (const certificate of options.ca ?? []) {
    await (facts.ca.mechanism === 'update-ca-trust'
      ? addAnchor(context, certificate)
      : addLocal(context, certificate));
    if (certificate.holdsFrom !== null)
      note({
        step,
        kind: 'said',
        what: `${certificate.subject} does not hold before ${certificate.holdsFrom}`,
        why: 'until then programs refuse what it signed; the clock of this machine was asked',
      });
    if (!certificate.isAuthority)
      note({
        step,
        kind: 'said',
        what: `${certificate.subject} does not say that it is an authority`,
        why: 'some programs trust nothing that it signed',
      });
  }
  await noteHooks(context);
}

/** Named by what it is, so that the same certificate has the same name in every image. */
function fileNameOf({ fingerprint }: CaCertificate): string {
  return `ashlar-${fingerprint.slice(0, 16)}`;
}

async function addLocal(context: StepContext, certificate: CaCertificate): Promise<void> {
  const { facts, draft } = context;
  const name = fileNameOf(certificate);
  const reason: Reason = { step, why: `the authority ${certificate.subject}` };
  const path = joinPath(facts.ca.localDirectory ?? usualLocal, `${name}.crt`);
  await draft.placeFile(path, bytesOf(certificate.pem), rootsFile, reason);
  const bundle = facts.ca.bundlePath ?? usualBundle;
  await addToBundle(context, { certificate, path, bundle }, reason);
  const directory = parentOf(usualBundle);
  const linkName = `${await linkPrefix(context, directory)}${name}.pem`;
  await draft.placeLink(joinPath(directory, linkName), `/${path}`, reason);
  await placeHashLink(context, { certificate, directory, linkName }, reason);
}

async function addAnchor(context: StepContext, certificate: CaCertificate): Promise<void> {
  const { facts, draft } = context;
  const reason: Reason = { step, why: `the authority ${certificate.subject}` };
  const path = joinPath(facts.ca.localDirectory ?? anchors, `${fileNameOf(certificate)}.crt`);
  await draft.placeFile(path, bytesOf(certificate.pem), rootsFile, reason);
  if (facts.ca.bundlePath === null) return;
  await addToBundle(context, { certificate, path, bundle: facts.ca.bundlePath }, reason);
}

interface BundleEntry {
  readonly certificate: CaCertificate;
  /** Of the certificate's own file. */
  readonly path: BytePath;
  readonly bundle: BytePath;
}

/**
 * update-ca-certificates puts the files of the local directory behind all others, in the order of their names; so this one
 * goes before the first local one whose name is greater, and else to the end.
 */
async function addToBundle(
  { draft, facts }: StepContext,
  { certificate, path, bundle }: BundleEntry,
  reason: Reason,
): Promise<void> {
  const text = (await readText(draft, bundle)) ?? '';
  if (fingerprintsIn(text).has(certificate.fingerprint)) return;
  const ended = text === '' || text.endsWith('\n') ? text : `${text}\n`;
  let at = ended.length;
  for (const other of facts.ca.localCertificates) {
    const place = other > path ? ended.indexOf((await readText(draft, other)) || '\0') : -1;
    if (place !== -1) at = Math.min(at, place);
  }
  const changed = ended.slice(0, at) + certificate.pem + ended.slice(at);
  await draft.editFile(bundle, bytesOf(changed), rootsFile, reason);
}

/** Alpine's update-ca-certificates has names of its own for the links in the directory. */
async function linkPrefix({ draft }: StepContext, directory: BytePath): Promise<string> {
  const names = await (await draft.files()).names(directory);
  return names.some((name) => /^ca-cert-.*\.pem$/.test(name)) ? 'ca-cert-' : '';
}

interface HashLink {
  readonly certificate: CaCertificate;
  readonly directory: BytePath;
  readonly linkName: string;
}

/** Subjects may share a hash: then the next number is taken (openssl-rehash(1)). */
async function placeHashLink(
  { draft }: StepContext,
  { certificate, directory, linkName }: HashLink,
  reason: Reason,
): Promise<void> {
  const files = await draft.files();
  for (let number = 0; number < 64; number += 1) {
    const path = joinPath(directory, `${certificate.subjectHash}.${number}`);
    const there = await files.at(path);
    if (there?.target === linkName) return;
    if (there !== null && fingerprintsIn((await readText(draft, path)) ?? '').size > 0) {
      if (await holds(path, certificate, draft)) return;
      continue;
    }
    await draft.placeLink(path, fromUtf8(linkName), reason);
    return;
  }
}

async function holds(
  path: BytePath,
  { fingerprint }: CaCertificate,
  draft: StepContext['draft'],
): Promise<boolean> {
  return fingerprintsIn((await readText(draft, path)) ?? '').has(fingerprint);
}

const hookDirectory = 'etc/ca-certificates/update.d';

/** Keystores of their own, such as Java's, are filled by programs of the image. */
async function noteHooks({ draft, options, note }: StepContext): Promise<void> {
  if ((options.ca ?? []).length === 0) return;
  const hooks = await (await draft.files()).names(hookDirectory);
  if (hooks.length === 0) return;
  note({
    step,
    kind: 'said',
    what: `${hooks.join(', ')} in /${hookDirectory} was not run`,
    why: 'a setup runs nothing; `RUN update-ca-certificates` in a step that follows does it',
  });
}
