/** The door of the room `base-images/`: what a base is, what is done to it, and what it has to hold. */
export { allChecks } from './contract/all-checks.ts';
export type { Check, CheckPlace } from './contract/check.ts';
export { checkBase, type CheckBaseOptions, selectChecks } from './contract/check-base.ts';
export type { Finding, FindingFailure, FindingStatus } from './contract/finding.ts';
export type { Boot, RunRequest, Runner, RunResult } from './contract/runner.ts';
export { type Architecture, architectures } from './reconstruct/machine.ts';
export { packTree } from './reconstruct/pack-tree.ts';
export { reconstructRelease, reconstructTree } from './reconstruct/reconstruct-release.ts';
export type { ReconstructedFile, ReconstructedTree } from './reconstruct/reconstructed-tree.ts';
export { type SudoInstall, sudoInstalls } from './reconstruct/sudo-install.ts';
export { findRelease } from './releases/find-release.ts';
export { listFacts, type NamedFact } from './releases/list-facts.ts';
export { loadReleases } from './releases/load-releases.ts';
export type { Release, Verified } from './releases/release.ts';
export { detectBase } from './detect/detect-base.ts';
export type { BaseFacts } from './detect/base-facts.ts';
export type { ImageFiles } from './files/image-files.ts';
export { directoryFiles } from './files/directory-files.ts';
export { storedImageFiles } from './files/stored-image-files.ts';
export { applyLikeSibling, fingerprintOf } from './setup/apply-like-sibling.ts';
export { type AppliedSetup, applySetup, type ApplySetupOptions } from './setup/apply-setup.ts';
export { type CaCertificate, maxCaFileBytes, readCaFile } from './setup/ca/read-ca-file.ts';
export { planSetup, setupRevision } from './setup/plan-setup.ts';
export type {
  GuestCommand as SetupCommand,
  SetupNote,
  SetupOptions,
  SetupPlan,
} from './setup/setup-plan.ts';
export { setupNoteSchema } from './setup/setup-plan.ts';
export {
  type ListedChange,
  listedChangeSchema,
  listWithinLimit,
} from './setup/record/setup-record.ts';
export { undoSetup } from './setup/undo-setup.ts';
export { checkUid, checkUserName } from './setup/user-name.ts';
