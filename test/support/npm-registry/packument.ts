/** A packument as a registry gives it: only the fields that the recorded registry looks at or changes. */
export interface Packument {
  _id?: string;
  name: string;
  'dist-tags': Record<string, string>;
  versions: Record<string, Manifest>;
  time?: Record<string, string>;
  modified?: string;
  [field: string]: unknown;
}

export interface Manifest {
  name: string;
  version: string;
  dist: Dist;
  scripts?: Record<string, string>;
  [field: string]: unknown;
}

export interface Dist {
  tarball: string;
  integrity?: string;
  shasum?: string;
  signatures?: readonly { readonly keyid: string; readonly sig: string }[];
  [field: string]: unknown;
}

export type PackumentForm = 'full' | 'abbreviated';

/** The media type that asks for the abbreviated form. */
export const abbreviatedType = 'application/vnd.npm.install-v1+json';
