import { execFileSync } from 'node:child_process';
import {
  chownSync,
  closeSync,
  ftruncateSync,
  linkSync,
  lutimesSync,
  mkdirSync,
  openSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';

/**
 * Fills a directory with what file systems and archives get wrong: every type, mode, owner and time, hard links, long
 * and short link targets, device nodes, holes, long names, names that are not UTF-8, large directories, xattrs.
 */
export function makeAwkwardTree(
  root: string,
  options: { readonly manyFiles: number; readonly sparseBytes: number },
): void {
  const at = (path: string): string => join(root, path);
  mkdirSync(at('plain/deep/er/and/deeper'), { recursive: true });
  writeFileSync(at('plain/empty'), '');
  writeFileSync(at('plain/one'), 'x');
  writeFileSync(at('plain/zeros-small'), Buffer.alloc(5000));
  for (const size of [
    4095, 4096, 4097, 20_480, 20_481, 65_535, 65_536, 65_537, 131_072, 1_000_001,
  ]) {
    writeFileSync(at(`plain/size-${size}`), pattern(size));
  }
  mkdirSync(at('modes'));
  for (const mode of [0o0, 0o400, 0o644, 0o755, 0o1777, 0o2755, 0o4755, 0o6711, 0o7777]) {
    writeFileSync(at(`modes/m${mode.toString(8)}`), `mode ${mode}`);
    execFileSync('chmod', [mode.toString(8).padStart(4, '0'), at(`modes/m${mode.toString(8)}`)]);
  }
  chownSync(at('modes/m644'), 65_534, 65_534);
  chownSync(at('modes/m755'), 4_000_000_000, 3_999_999_999);
  makeTimes(at);
  makeLinks(at);
  execFileSync('mknod', [at('links/null'), 'c', '1', '3']);
  execFileSync('mknod', [at('links/disk'), 'b', '259', '70000']);
  execFileSync('mkfifo', [at('links/fifo')]);
  makeNames(root);
  makeSparse(at, options.sparseBytes);
  mkdirSync(at('many'));
  for (let index = 0; index < options.manyFiles; index += 1)
    writeFileSync(at(`many/file-number-${index}`), '');
  mkdirSync(at('dirs'));
  for (let index = 0; index < 300; index += 1)
    mkdirSync(at(`dirs/a-directory-with-a-name-${index}`));
  makeXattrs(at);
}

/** Bytes that are different in every block and do not compress to nothing. */
export function pattern(sizeBytes: number, seed = 1): Buffer {
  const bytes = Buffer.alloc(sizeBytes);
  let state = seed;
  for (let index = 0; index < sizeBytes; index += 1) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    bytes[index] = state >>> 24;
  }
  return bytes;
}

function makeTimes(at: (path: string) => string): void {
  mkdirSync(at('times'));
  const times: Record<string, number> = {
    epoch: 0,
    before: -86_400.5,
    fraction: 1_700_000_000.25,
    'year-2038': 2 ** 31 + 5.5,
    'year-2200': 7_258_118_400,
    'year-1902': -2_145_000_000,
  };
  for (const [name, sec] of Object.entries(times)) {
    writeFileSync(at(`times/${name}`), name);
    utimesSync(at(`times/${name}`), sec, sec);
  }
}

function makeLinks(at: (path: string) => string): void {
  mkdirSync(at('links'));
  writeFileSync(at('links/a'), 'shared');
  linkSync(at('links/a'), at('links/b'));
  linkSync(at('links/a'), at('plain/deep/c'));
  writeFileSync(at('links/large'), pattern(200_000, 7));
  linkSync(at('links/large'), at('links/large-too'));
  for (const length of [1, 59, 60, 61, 1000, 4095])
    symlinkSync('t'.repeat(length), at(`links/to-${length}`));
  symlinkSync('../plain', at('links/relative'));
  symlinkSync('/plain/one', at('links/absolute'));
  lutimesSync(at('links/relative'), 1_600_000_000, 1_600_000_000);
  linkSync(at('links/relative'), at('links/relative-too'));
}

function makeNames(root: string): void {
  mkdirSync(join(root, 'names'));
  const names = [
    Buffer.from('n'.repeat(255)),
    Buffer.from('é'.repeat(127)),
    Buffer.from([0xff, 0xfe, 0x80, 0x41]),
    Buffer.from('new\nline'),
    Buffer.from(' leading and trailing '),
    Buffer.from('-dash'),
    Buffer.from('back\\slash'),
    Buffer.from('.wh-not-a-whiteout'),
  ];
  for (const name of names)
    writeFileSync(Buffer.concat([Buffer.from(`${root}/names/`), name]), name);
}

function makeSparse(at: (path: string) => string, sparseBytes: number): void {
  mkdirSync(at('sparse'));
  const file = openSync(at('sparse/mostly-holes'), 'w');
  ftruncateSync(file, sparseBytes);
  for (const offset of [0, 70_000, 1_000_000, Math.floor(sparseBytes / 2), sparseBytes - 3])
    writeSync(file, 'abc', offset);
  closeSync(file);
  const all = openSync(at('sparse/all-hole'), 'w');
  ftruncateSync(all, 3_000_000);
  closeSync(all);
  // More extents than an inode and one block hold: every other chunk is a hole.
  const comb = openSync(at('sparse/comb'), 'w');
  for (let index = 0; index < 400; index += 1)
    writeSync(comb, pattern(65_536, index + 1), 0, 65_536, index * 131_072);
  closeSync(comb);
}

function makeXattrs(at: (path: string) => string): void {
  mkdirSync(at('xattrs'));
  const set = (path: string, name: string, value: string): void => {
    execFileSync('setfattr', ['-n', name, '-v', value, at(path)]);
  };
  for (const name of ['one', 'several', 'large', 'empty', 'binary', 'capable', 'acl'])
    writeFileSync(at(`xattrs/${name}`), name);
  set('xattrs/one', 'user.note', 'short');
  for (let index = 0; index < 12; index += 1)
    set('xattrs/several', `user.number-${index}`, `value ${index}`);
  set('xattrs/large', 'user.large', 'v'.repeat(3500));
  set('xattrs/empty', 'user.empty', '');
  set('xattrs/binary', 'user.binary', '0x00ff0a80');
  set('xattrs/binary', 'trusted.note', 'for root alone');
  set('xattrs', 'user.on-directory', 'yes');
  execFileSync('setcap', ['cap_net_raw,cap_net_bind_service+ep', at('xattrs/capable')]);
}
