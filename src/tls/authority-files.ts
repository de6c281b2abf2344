import { randomBytes } from 'node:crypto';
import { constants, type Stats } from 'node:fs';
import { type FileHandle, link, lstat, mkdir, open, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { syncDirectory } from '../disk/write-file-atomic.ts';
import { AshlarError, systemErrorCode } from '../errors/ashlar-error.ts';
import type { IssuedCertificate } from './issue-certificate.ts';
import { parseAuthority, type StoredAuthority } from './stored-authority.ts';

const filePattern = /^authority-([0-9]{4,9})\.pem$/;
const temporaryPattern = /^\.authority-[0-9a-f]+\.tmp$/;
const temporaryLifeMs = 3600_000;
const maxFiles = 64;
/** A certificate with 64 hosts and its key take less than half. */
const maxFileBytes = 64 * 1024;
const noLinks = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

export interface StoredAuthorities {
  readonly authorities: readonly StoredAuthority[];
  /** The number that the next one gets. */
  readonly next: number;
}

/**
 * Reads all authorities of a directory; it is there with mode 0700, or made so. Throws `authority_unsafe` when the
 * directory or a file belongs to somebody else, is a link or not of its kind, or can be read or written by others, and
 * `authority_corrupt` for damage.
 */
export async function readAuthorities(directory: string): Promise<StoredAuthorities> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  return readExistingAuthorities(directory);
}

/** The same for a directory that is there; throws ENOENT where it is not. */
export async function readExistingAuthorities(directory: string): Promise<StoredAuthorities> {
  requireSafe(directory, await lstat(directory), 'directory');
  const names = (await readdir(directory)).filter((name) => filePattern.test(name)).sort();
  if (names.length > maxFiles) {
    throw new AshlarError(
      'authority_unsafe',
      `${directory} holds ${names.length} authorities; ${maxFiles} are the most`,
      { data: { path: directory }, hint: 'Remove the files of authorities that have ended.' },
    );
  }
  const authorities: StoredAuthority[] = [];
  for (const name of names) {
    const path = join(directory, name);
    authorities.push(parseAuthority(path, await readSafely(path)));
  }
  const last = Math.max(0, ...names.map((name) => Number(filePattern.exec(name)?.[1])));
  return { authorities, next: last + 1 };
}

/**
 * Puts a new authority in the place `number`, whole and durable. Somebody who was there first wins: then nothing is
 * written, and the directory has to be read again.
 */
export async function addAuthority(
  directory: string,
  number: number,
  issued: IssuedCertificate,
): Promise<void> {
  const path = join(directory, `authority-${String(number).padStart(4, '0')}.pem`);
  const temporary = join(directory, `.authority-${randomBytes(6).toString('hex')}.tmp`);
  try {
    {
      await using file = await open(temporary, 'wx', 0o600);
      await file.writeFile(issued.certificatePem + issued.keyPem);
      await file.sync();
    }
    await link(temporary, path);
  } catch (error) {
    if (systemErrorCode(error) !== 'EEXIST') throw error;
  } finally {
    await rm(temporary, { force: true });
  }
  await syncDirectory(directory);
}

/** Removes what processes that were killed in mid-write left behind; it holds keys. */
export async function sweepTemporaries(directory: string, nowMs: number): Promise<void> {
  for (const name of await readdir(directory)) {
    if (!temporaryPattern.test(name)) continue;
    const path = join(directory, name);
    if (nowMs - (await modifiedMs(path)) > temporaryLifeMs) await rm(path, { force: true });
  }
}

async function modifiedMs(path: string): Promise<number> {
  try {
    return (await stat(path)).mtimeMs;
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return Infinity;
    throw error;
  }
}

/** What is looked at is what is read: the checks are made on the open file. */
async function readSafely(path: string): Promise<string> {
  await using file = await openUnlinked(path);
  const stats = await file.stat();
  requireSafe(path, stats, 'file');
  if (stats.size <= maxFileBytes) return file.readFile('latin1');
  throw new AshlarError(
    'authority_corrupt',
    `the authority file ${path} has ${stats.size} bytes; ${maxFileBytes} are the most`,
    { data: { path } },
  );
}

async function openUnlinked(path: string): Promise<FileHandle> {
  try {
    return await open(path, noLinks);
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === 'ELOOP')
      throw unsafe(path, 'is a link', `Put the file itself in the place of the link ${path}.`);
    if (code === 'EACCES')
      throw unsafe(path, 'cannot be read by this user', `Run as the owner of ${path}.`);
    throw error;
  }
}

function requireSafe(path: string, stats: Stats, kind: 'directory' | 'file'): void {
  const isRight = kind === 'directory' ? stats.isDirectory() : stats.isFile();
  if (!isRight)
    throw unsafe(path, `is not a ${kind}`, `Move ${path} away; a new one is made in its place.`);
  const self = process.geteuid?.();
  if (stats.uid !== self)
    throw unsafe(
      path,
      `belongs to the user ${stats.uid}, and this is ${self}`,
      `Run as that user, or, when its content can be trusted: chown ${self} ${path}`,
    );
  if ((stats.mode & 0o077) !== 0) {
    const mode = (stats.mode & 0o777).toString(8).padStart(4, '0');
    throw unsafe(
      path,
      `has mode ${mode}: others can get at it`,
      `If nobody had a look: chmod ${kind === 'directory' ? '700' : '600'} ${path}. Else remove it; a new authority is made, and machines have to be given its certificate.`,
    );
  }
}

function unsafe(path: string, what: string, hint: string): AshlarError {
  return new AshlarError('authority_unsafe', `the authority ${path} ${what}`, {
    data: { path },
    hint,
  });
}
