import { createHash } from 'node:crypto';
import type { BytePath } from '../../../src/bytes/byte-path.ts';
import { contentOf, type ReadMember } from './read-archive.ts';
import { readTreeFile, type WalkedFile, walkTree, xattrsOf } from './walk-tree.ts';

/** What can be said alike of an entry of an archive and of a file on a disk. */
export interface Described {
  readonly path: BytePath;
  readonly type: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly mtimeNs: bigint;
  readonly sizeBytes: number;
  readonly linkTarget: BytePath;
  readonly device: readonly [number, number];
  /** SHA-256 of the content of a file. */
  readonly content: string;
  /** The path of the file that this is a hard link of, as the archive has it. */
  readonly hardLinkOf: BytePath;
  /** In hex. */
  readonly xattrs: Readonly<Record<string, string>>;
}

/** The entries as they would be once unpacked: a hard link is what it points to. Sorted by path. */
export function describeMembers(members: readonly ReadMember[]): Described[] {
  const byPath = new Map<BytePath, Described>();
  for (const member of members) {
    const { entry } = member;
    const target = entry.type === 'hardlink' ? byPath.get(entry.linkTarget) : undefined;
    const described =
      target === undefined
        ? describeMember(member)
        : { ...target, path: entry.path, hardLinkOf: entry.linkTarget };
    byPath.set(entry.path, described);
  }
  return [...byPath.values()].sort(byPathOrder);
}

/** The files below `root`; `members` says which are meant to be hard links of which. Sorted by path. */
export async function describeTree(
  root: string,
  members: readonly ReadMember[],
): Promise<Described[]> {
  const files = await walkTree(root);
  const inodes = new Map(files.map(({ path, inode }) => [path, inode]));
  const targets = new Map(members.map(({ entry }) => [entry.path, entry]));
  const describe = async (file: WalkedFile): Promise<Described> => {
    const entry = targets.get(file.path);
    const isLinked = entry?.type === 'hardlink' && inodes.get(entry.linkTarget) === file.inode;
    return {
      path: file.path,
      type: file.type,
      mode: file.mode,
      uid: file.uid,
      gid: file.gid,
      mtimeNs: file.mtimeNs,
      sizeBytes: file.sizeBytes,
      linkTarget: file.linkTarget,
      device: deviceNumbers(file.device),
      content: file.type === 'file' ? sha256(await readTreeFile(root, file.path)) : '',
      hardLinkOf: isLinked ? entry.linkTarget : '',
      xattrs: ofTheFile(await xattrsOf(root, file.path)),
    };
  };
  return (await Promise.all(files.map(describe))).sort(byPathOrder);
}

function describeMember(member: ReadMember): Described {
  const { entry } = member;
  return {
    path: entry.path,
    type: entry.type,
    // Linux gives every symbolic link this mode, whatever the archive says.
    mode: entry.type === 'symlink' ? 0o777 : entry.mode,
    uid: entry.uid,
    gid: entry.gid,
    mtimeNs: BigInt(entry.mtimeSec) * 1_000_000_000n + BigInt(entry.mtimeNsec),
    sizeBytes: entry.sizeBytes,
    linkTarget: entry.linkTarget,
    device: [entry.deviceMajor, entry.deviceMinor],
    content: entry.type === 'file' ? sha256(contentOf(member)) : '',
    hardLinkOf: '',
    xattrs: ofTheFile(
      Object.fromEntries(entry.xattrs.map(({ name, value }) => [name, value.toString('hex')])),
    ),
  };
}

/** Without the label that some machines put on every file. */
function ofTheFile(xattrs: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const { ['security.selinux']: _, ...others } = xattrs;
  return others;
}

function byPathOrder(left: Described, right: Described): number {
  return left.path < right.path ? -1 : 1;
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** As glibc's gnu_dev_major and gnu_dev_minor cut a device number. */
function deviceNumbers(device: number): [number, number] {
  return [(device >>> 8) & 0xfff, (device & 0xff) | ((device >>> 12) & 0xfff00)];
}
