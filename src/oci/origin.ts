import { AshlarError, type ErrorData } from '../errors/ashlar-error.ts';

/** Where bytes come from: for messages, and for who is to blame when they are wrong. */
export interface Origin {
  /** `oci:DIR`, `docker://host/repository:tag`, ...; never with a secret. */
  readonly description: string;
  readonly corruptCode: 'registry_corrupt' | 'source_corrupt';
}

/** The bytes are not what their own digest, length or format says. */
export function corruptFailure(
  origin: Origin,
  problem: string,
  options: { readonly data?: ErrorData; readonly cause?: unknown } = {},
): AshlarError {
  return new AshlarError(origin.corruptCode, `${origin.description}: ${problem}`, options);
}

/** The bytes are genuine, but what they say makes no valid image. */
export function invalidImage(origin: Origin, problem: string, data?: ErrorData): AshlarError {
  return new AshlarError(
    'image_invalid',
    `${origin.description}: ${problem}`,
    data ? { data } : {},
  );
}

/** The image is valid, but of a kind that Ashlar refuses. */
export function unsupportedImage(origin: Origin, problem: string, hint?: string): AshlarError {
  return new AshlarError(
    'image_unsupported',
    `${origin.description}: ${problem}`,
    hint === undefined ? {} : { hint },
  );
}
