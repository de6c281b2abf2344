import { expect } from 'vitest';
import type { ImportImageOptions } from '../../../../builder/import/import-image.ts';
import { AshlarError } from '../../../../src/errors/ashlar-error.ts';
import type { ErrorCode } from '../../../../src/errors/catalogue.ts';
import type { WrittenImage } from '../../../../src/image/write-image.ts';
import { type ImportRun, importSource, leftovers } from './import-layers.ts';

export interface Refusal {
  readonly code: ErrorCode;
  /** What the message has to say; the layer or source and the path belong to it. */
  readonly says: RegExp;
}

export interface FoundRefusal {
  readonly code: ErrorCode;
  readonly message: string;
  /** Images and tags in the store, names among the temporary files. */
  readonly left: readonly string[];
}

/** What an import gives, or how it fails and what it leaves. */
export async function outcomeOf(
  run: ImportRun,
  source: string,
  options: Partial<ImportImageOptions> = {},
): Promise<WrittenImage | FoundRefusal> {
  try {
    return await importSource(run, source, options);
  } catch (error) {
    if (!(error instanceof AshlarError)) throw error;
    return { code: error.code, message: error.message, left: await leftovers(run) };
  }
}

/** What `outcomeOf` must give. */
export function refusal({ code, says }: Refusal): unknown {
  return { code, message: expect.stringMatching(says) as unknown, left: [] };
}
