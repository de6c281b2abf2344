import { AshlarError } from '../../../src/index.ts';

/** Where in a file a value lies, for messages: the file, then a path such as `[3].affected[0].versions`. */
export interface Place {
  readonly file: string;
  readonly path: string;
}

export function inside({ file, path }: Place, step: string | number): Place {
  const isPlain = typeof step === 'string' && /^[A-Za-z_][A-Za-z0-9_]*$/.test(step);
  if (isPlain) return { file, path: path === '' ? step : `${path}.${step}` };
  return { file, path: `${path}[${JSON.stringify(step)}]` };
}

export function invalidAt({ file, path }: Place, what: string): AshlarError {
  return new AshlarError('policy_invalid', `${file}${path === '' ? '' : `: ${path}`} ${what}`, {
    data: { file, path },
  });
}

export type JsonRecord = Readonly<Record<string, unknown>>;

export function isRecord(value: unknown): value is JsonRecord {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function recordAt(value: unknown, place: Place): JsonRecord {
  if (!isRecord(value)) throw invalidAt(place, 'is no object');
  return value;
}

export function arrayAt(value: unknown, place: Place): readonly unknown[] {
  if (!Array.isArray(value)) throw invalidAt(place, 'is no array');
  return value;
}

export function textAt(value: unknown, place: Place): string {
  if (typeof value !== 'string' || value === '') throw invalidAt(place, 'is no text');
  return value;
}
