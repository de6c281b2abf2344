import type { FetchedPackage } from './debian-package.ts';

export interface InputFile {
  readonly path: string;
  readonly sizeBytes: number;
  readonly modifiedMs: number;
}

/** The content of vm/kernel.json. */
export interface KernelRecord {
  readonly release: string;
  /** With their versions, where the kernel was downloaded; empty for a kernel of the host. */
  readonly packages: readonly FetchedPackage[];
  readonly key: string;
  readonly scriptsDigest: string;
  /** The kit is made again when one of these files changes. */
  readonly inputs: readonly InputFile[];
  /** The files of the kit, which is made again when one of them is gone or cut off. */
  readonly outputs: readonly InputFile[];
}

/** Undefined for what is no record: it is then made anew. */
export function parseKernelRecord(text: string): KernelRecord | undefined {
  const value = parseJson(text) as Partial<KernelRecord> | null | undefined;
  if (typeof value !== 'object' || value === null) return undefined;
  const { release, packages, key, scriptsDigest, inputs, outputs } = value;
  const isRecord =
    typeof release === 'string' &&
    typeof scriptsDigest === 'string' &&
    typeof key === 'string' &&
    /^[0-9a-f]{32}$/.test(key) &&
    Array.isArray(packages) &&
    packages.every((item) => typeof item?.name === 'string' && typeof item.version === 'string') &&
    Array.isArray(inputs) &&
    inputs.length > 0 &&
    inputs.every((item) => typeof item?.path === 'string') &&
    Array.isArray(outputs) &&
    outputs.every((item) => typeof item?.path === 'string');
  return isRecord ? { release, packages, key, scriptsDigest, inputs, outputs } : undefined;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
