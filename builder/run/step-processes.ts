import { constants } from 'node:fs';
import { type FileHandle, open, readdir, readFile, readlink } from 'node:fs/promises';
import { endianness } from 'node:os';
import { join } from 'node:path';
import { systemErrorCode } from '../../src/index.ts';
import { resolveInRoot } from './resolve-in-root.ts';

/** A running program of a step. What it says of itself is the step's word: for judging, not for trusting. */
export interface StepProcess {
  /** Which it is, among all that the step ran: the number of the process and when it began. */
  readonly id: string;
  /** As it was started with. Null where it has more than any program is started with: it may have put anything in its place since. */
  environment(): Promise<ReadonlyMap<string, string> | null>;
  /** The same. */
  argv(): Promise<readonly string[] | null>;
  /** Null for one whose root directory is not the container's. */
  workingDirectory(): Promise<string | null>;
  /** Opens what it runs: its program, and libraries of it whose path holds `library`. */
  openProgram(library: string): Promise<readonly FileHandle[]>;
  /** Whether the kernel told it to heed no environment (AT_SECURE of getauxval(3)); true where that cannot be read. */
  isSecure(): Promise<boolean>;
  /** The text of a regular file of the container, links followed within it; null for none and for one that is larger. */
  readText(path: string, maxBytes: number): Promise<string | null>;
}

export interface StepProcessPlace {
  /** /proc of the step's pid namespace, as this process sees it. */
  readonly proc: string;
  /** The root directory of the container, as this process sees it. */
  readonly root: string;
}

/** Both ends of a connection from the step to a name that is taken. */
export interface StepConnection {
  readonly stepPort: number;
  /** IPv4. */
  readonly takenAddress: string;
  readonly takenPort: number;
}

/** Of all descriptors of a step's processes, so many are looked at for one connection: a client of packages has a few hundred. */
const maxDescriptors = 20_000;
/** Looked at at once: each takes a thread of this process. */
const descriptorsAtOnce = 64;

/** The process of the step that holds a connection; null when none does, or none is found among so many. */
export async function findAsker(
  place: StepProcessPlace,
  connection: StepConnection,
): Promise<StepProcess | null> {
  const names = await namesIn(place.proc);
  // Those that began last are asked first: a client of packages is young.
  const pids = names.filter((name) => /^\d+$/.test(name)).sort((a, b) => Number(b) - Number(a));
  const sockets = new Map<string, string | null>();
  const budget = { descriptors: maxDescriptors };
  for (const pid of pids) {
    const directory = join(place.proc, pid);
    const network = await unlessGone(() => readlink(join(directory, 'ns/net')));
    if (network === null) continue;
    if (!sockets.has(network)) sockets.set(network, await socketOf(directory, connection));
    const socket = sockets.get(network) ?? null;
    if (budget.descriptors <= 0) return null;
    if (socket === null || !(await holds(directory, socket, budget))) continue;
    const began = await startOf(directory);
    return began === null ? null : stepProcess(directory, { ...place, id: `${pid}-${began}` });
  }
  return null;
}

/**
 * The name of the socket in /proc/PID/fd; null where the network namespace has no such connection. Columns of proc(5),
 * /proc/net/tcp: number, local and remote address with the port behind the colon in hexadecimal, ..., inode at 9. Addresses
 * are words of this machine's byte order, those of IPv4 the last of the four in the table of IPv6.
 */
async function socketOf(
  directory: string,
  { stepPort, takenAddress, takenPort }: StepConnection,
): Promise<string | null> {
  const bytes = Buffer.from(takenAddress.split('.').map(Number));
  const address = (endianness() === 'LE' ? bytes.reverse() : bytes).toString('hex').toUpperCase();
  const ends = [hexPort(stepPort), `${address}${hexPort(takenPort)}`];
  for (const table of ['net/tcp', 'net/tcp6']) {
    const text = (await readTable(join(directory, table))) ?? '';
    for (const line of text.split('\n')) {
      const [, local = '', remote = '', , , , , , , inode] = line.trim().split(/\s+/);
      if (local.endsWith(ends[0] ?? '') && remote.endsWith(ends[1] ?? '') && inode !== undefined)
        return `socket:[${inode}]`;
    }
  }
  return null;
}

function hexPort(port: number): string {
  return `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
}

async function holds(
  directory: string,
  socket: string,
  budget: { descriptors: number },
): Promise<boolean> {
  const files = (await namesIn(join(directory, 'fd'))).slice(0, budget.descriptors);
  budget.descriptors -= files.length + 1;
  for (let at = 0; at < files.length; at += descriptorsAtOnce) {
    const some = files.slice(at, at + descriptorsAtOnce);
    const targets = some.map((file) => unlessGone(() => readlink(join(directory, 'fd', file))));
    if ((await Promise.all(targets)).includes(socket)) return true;
  }
  return false;
}

/** Field 22 of proc(5), /proc/PID/stat; the name, in brackets, may hold anything. */
async function startOf(directory: string): Promise<string | null> {
  const text = await unlessGone(() => readFile(join(directory, 'stat'), 'latin1'));
  return text?.slice(text.lastIndexOf(')') + 2).split(' ')[19] ?? null;
}

function stepProcess(
  proc: string,
  { root, id }: StepProcessPlace & { readonly id: string },
): StepProcess {
  const words = async (file: string): Promise<string[] | null> =>
    (await readTable(join(proc, file)))?.split('\0') ?? null;
  return {
    id,
    async environment() {
      const pairs = (await words('environ'))?.filter((word) => word.includes('='));
      if (pairs === undefined) return null;
      return new Map(
        pairs.map((pair) => {
          const at = pair.indexOf('=');
          return [pair.slice(0, at), pair.slice(at + 1)];
        }),
      );
    },
    argv: () => words('cmdline'),
    async workingDirectory() {
      const own = await unlessGone(() => readlink(join(proc, 'root')));
      return own === '/' ? unlessGone(() => readlink(join(proc, 'cwd'))) : null;
    },
    async openProgram(library) {
      const maps = (await readTable(join(proc, 'maps'))) ?? '';
      const paths = maps.split('\n').flatMap((line) => /\s(\/.*)$/.exec(line)?.[1] ?? []);
      const libraries = [...new Set(paths)].filter((path) => path.includes(library));
      await using opened = new AsyncDisposableStack();
      const files: FileHandle[] = [];
      const keep = (file: FileHandle | null): void => {
        if (file !== null) files.push(opened.use(file));
      };
      keep(await unlessGone(() => open(join(proc, 'exe'))));
      for (const path of libraries.slice(0, maxLibraries)) keep(await openInRoot(root, path));
      opened.move();
      return files;
    },
    async isSecure() {
      const words = await readStart(join(proc, 'auxv'), 4096);
      return words === null || auxiliaryValue(words, atSecure) !== 0;
    },
    async readText(path, maxBytes) {
      await using file = await openInRoot(root, path);
      const stats = await file?.stat();
      if (file === null || stats === undefined || stats.size > maxBytes) return null;
      return file.readFile('utf8');
    },
  };
}

/** Node.js is in one; nobody has several. */
const maxLibraries = 4;

/** What a program is started with has 128 KiB at most in one word, and 2 MiB in all where nobody has raised a limit (execve(2)). */
const maxTableBytes = 4 * 1024 * 1024;

/** A file of /proc as text; null for one that is gone, and for one that has more. */
async function readTable(path: string): Promise<string | null> {
  const bytes = await readStart(path, maxTableBytes + 1);
  return bytes === null || bytes.length > maxTableBytes ? null : bytes.toString('utf8');
}

/** The first bytes of a file whose size nobody knows, as of /proc. */
async function readStart(path: string, maxBytes: number): Promise<Buffer | null> {
  return unlessGone(async () => {
    await using file = await open(path);
    const parts: Buffer[] = [];
    for (let left = maxBytes; left > 0;) {
      const { bytesRead, buffer } = await file.read(Buffer.alloc(Math.min(left, 65_536)));
      if (bytesRead === 0) break;
      parts.push(buffer.subarray(0, bytesRead));
      left -= bytesRead;
    }
    return Buffer.concat(parts);
  });
}

/** linux/auxvec.h */
const atSecure = 23;

/** Pairs of 64-bit words, type and value; undefined where the type is not among them, as in a 32-bit program. */
function auxiliaryValue(words: Buffer, type: number): number | undefined {
  for (let at = 0; at + 16 <= words.length; at += 16)
    if (words.readBigUInt64LE(at) === BigInt(type)) return Number(words.readBigUInt64LE(at + 8));
  return undefined;
}

/** Neither waited for nor followed out of the root: the step may put anything there. Null for what is no regular file. */
async function openInRoot(root: string, path: string): Promise<FileHandle | null> {
  const found = await unlessGone(() => resolveInRoot(root, path));
  if (found?.stats?.isFile() !== true) return null;
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  const file = await unlessGone(() => open(join(root, ...found.names), flags));
  if (file === null || (await file.stat()).isFile()) return file;
  await file.close();
  return null;
}

async function namesIn(directory: string): Promise<readonly string[]> {
  return (await unlessGone(() => readdir(directory))) ?? [];
}

/** Null for what has ended or been removed meanwhile, and for what is a link now. */
async function unlessGone<T>(read: () => Promise<T>): Promise<T | null> {
  try {
    return await read();
  } catch (error) {
    const code = systemErrorCode(error) ?? '';
    if (['ENOENT', 'ESRCH', 'EACCES', 'ENOTDIR', 'ELOOP', 'EINVAL'].includes(code)) return null;
    throw error;
  }
}
