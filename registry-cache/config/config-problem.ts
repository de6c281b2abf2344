import { AshlarError } from '../../src/index.ts';

/** Where a configuration is wrong. */
export interface ConfigPlace {
  /** The file, or the option of the command line. */
  readonly file: string;
  /** `registries[0].endpoints`; empty for the whole. */
  readonly place: string;
}

export function configProblem(
  { file, place }: ConfigPlace,
  problem: string,
  { hint, cause }: { readonly hint?: string; readonly cause?: unknown } = {},
): AshlarError {
  const where = place === '' ? file : `${file}: ${place}`;
  return new AshlarError('config_invalid', `${where}: ${problem}`, {
    data: { file, place },
    ...(hint === undefined ? {} : { hint }),
    ...(cause === undefined ? {} : { cause }),
  });
}
