import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { gunzip, zstdDecompress } from 'node:zlib';
import { runChecked, systemErrorCode } from '../../src/index.ts';

export interface KernelModule {
  /** As the kernel writes it: underscores, no suffix. */
  readonly name: string;
  /** The module as insmod takes it, decompressed. */
  readonly bytes: Buffer;
}

export interface ModuleWishes {
  /** `lib/modules/RELEASE` of the kernel; neither depmod nor its files are needed. */
  readonly modulesDir: string;
  readonly required: readonly string[];
  /** Taken along where the kernel has them as modules. */
  readonly optional: readonly string[];
  /** A busybox that can unpack xz. */
  readonly busybox: string;
}

export interface ModuleSet {
  /** In an order in which each module finds what it depends on. */
  readonly modules: readonly KernelModule[];
  /** Required modules that the kernel has neither built in nor as a file. */
  readonly missing: readonly string[];
}

const maxModuleBytes = 64 * 1024 * 1024;

/**
 * Finds modules and all that they depend on, told by `depends=` in their own .modinfo section (kernel
 * source, include/linux/module.h and scripts/mod/modpost.c), whether stored plain or as .gz, .xz or .zst.
 * What is built in is left out.
 */
export async function collectModules(wishes: ModuleWishes): Promise<ModuleSet> {
  const builtin = await readBuiltin(wishes.modulesDir);
  const files = await indexModules(join(wishes.modulesDir, 'kernel'));
  const collected = new Map<string, KernelModule>();
  const missing: string[] = [];
  const visit = async (name: string, required: boolean): Promise<void> => {
    if (collected.has(name) || builtin.has(name)) return;
    const path = files.get(name);
    if (path === undefined) {
      if (required) missing.push(name);
      return;
    }
    const bytes = await readModule(path, wishes.busybox);
    for (const dependency of dependenciesOf(bytes)) await visit(dependency, required);
    collected.set(name, { name, bytes });
  };
  for (const name of wishes.required) await visit(name, true);
  for (const name of wishes.optional) await visit(name, false);
  return { modules: [...collected.values()], missing };
}

function nameOf(path: string): string {
  return basename(path)
    .replace(/\.ko(\.\w+)?$/, '')
    .replaceAll('-', '_');
}

async function readBuiltin(modulesDir: string): Promise<Set<string>> {
  try {
    const text = await readFile(join(modulesDir, 'modules.builtin'), 'utf8');
    return new Set(text.split('\n').filter(Boolean).map(nameOf));
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return new Set();
    throw error;
  }
}

async function indexModules(kernelDir: string): Promise<Map<string, string>> {
  try {
    const paths = await readdir(kernelDir, { recursive: true });
    const modules = paths.filter((path) => /\.ko(\.(gz|xz|zst))?$/.test(path));
    return new Map(modules.map((path) => [nameOf(path), join(kernelDir, path)]));
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return new Map();
    throw error;
  }
}

async function readModule(path: string, busybox: string): Promise<Buffer> {
  const limits = { maxOutputLength: maxModuleBytes };
  if (path.endsWith('.gz')) return promisify(gunzip)(await readFile(path), limits);
  if (path.endsWith('.zst')) return promisify(zstdDecompress)(await readFile(path), limits);
  if (!path.endsWith('.xz')) return readFile(path);
  const unpacked = await runChecked(busybox, ['xzcat', path], { keepBytes: maxModuleBytes });
  return unpacked.stdout;
}

function dependenciesOf(module: Buffer): string[] {
  const match = /\0depends=([\w,-]*)\0/.exec(module.toString('latin1'));
  const names = (match?.[1] ?? '').split(',').filter(Boolean);
  return names.map((name) => name.replaceAll('-', '_'));
}
