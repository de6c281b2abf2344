import type { ErrorCode } from '../../src/index.ts';

/** Upstream's answers that are not what was asked for. None of them is a failure to answer. */
export const verdicts: readonly ErrorCode[] = [
  'repository_unknown',
  'manifest_unknown',
  'blob_unknown',
  'registry_auth_required',
  'image_unsupported',
];
