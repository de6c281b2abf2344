import type { Descriptor } from './made-content.ts';

/** What of a manifest or an index leads to other content; all of it may be absent. */
export interface ParsedManifest {
  readonly mediaType?: string;
  readonly manifests?: readonly Descriptor[];
  readonly config?: Descriptor;
  readonly layers?: readonly Descriptor[];
  readonly subject?: Descriptor;
  readonly artifactType?: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** Nothing of what is no JSON. */
export function parseManifest(bytes: Buffer): ParsedManifest {
  try {
    return (JSON.parse(bytes.toString()) ?? {}) as ParsedManifest;
  } catch (error) {
    if (error instanceof SyntaxError) return {};
    throw error;
  }
}
