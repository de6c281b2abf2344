import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createOwnedTempDir, livingTempDirs } from '../disk/owned-temp-dir.ts';
import { writeFileAtomic } from '../disk/write-file-atomic.ts';
import { systemErrorCode } from '../errors/ashlar-error.ts';
import type { ListenPlace } from './parse-listen.ts';

const fileName = 'address';

export interface AnnouncedServer {
  /** Takes it back. */
  readonly stack: AsyncDisposableStack;
  readonly place: ListenPlace;
  /** Told of a directory that cannot be written: then builds go without the server, as they do where there is none. */
  readonly onProblem: (error: unknown) => void;
}

/**
 * Says in the directory of a server where its plain http is, for other commands with the same home: builds and imports find
 * it by that. After a crash it counts no more, as what is there is bound to the process.
 */
export async function announceServer(
  serverHome: string,
  { stack, place, onProblem }: AnnouncedServer,
): Promise<void> {
  try {
    const directory = stack.use(await createOwnedTempDir(directoryOf(serverHome), 'serving'));
    await writeFileAtomic(join(directory.path, fileName), `${reachable(place)}\n`);
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error;
    onProblem(error);
  }
}

/** Addresses, `http://host:port`, of the servers that run on this machine; whether they answer is not known. */
export async function announcedAddresses(serverHome: string): Promise<readonly string[]> {
  const directories = await unlessHidden(() => livingTempDirs(directoryOf(serverHome)));
  const texts = (directories ?? []).map((directory) =>
    unlessHidden(() => readFile(join(directory, fileName), 'utf8')),
  );
  return (await Promise.all(texts)).flatMap((text) => (text === null ? [] : [text.trim()]));
}

function directoryOf(serverHome: string): string {
  return join(serverHome, 'serving');
}

/** Who listens at all addresses is found at loopback. */
function reachable({ host, port }: ListenPlace): string {
  if (host === '0.0.0.0') return `http://127.0.0.1:${port}`;
  if (host === '::') return `http://[::1]:${port}`;
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** Null for what is not there yet or any more, or is another user's. */
async function unlessHidden<T>(read: () => Promise<T>): Promise<T | null> {
  try {
    return await read();
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'EACCES'].includes(systemErrorCode(error) ?? '')) return null;
    throw error;
  }
}
