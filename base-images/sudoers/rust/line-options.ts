import type { Names } from './names.ts';
import type { RustFeatures } from './rust-features.ts';

export interface LineParserOptions {
  readonly features: RustFeatures;
  readonly names: Names;
  /** What this engine prints while it parses. */
  warn(text: string): void;
}
