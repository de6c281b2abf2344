/** The door of the room `builder/`: from a Dockerfile, or an image from outside, to an image in the store. */
export { hostArchitecture, importImage, type ImportImageOptions } from './import/import-image.ts';
export { buildImage, type BuildImageOptions, type BuiltImage } from './build/build-image.ts';
export type { BuildEvent, StepEnd, StepName } from './build/build-events.ts';
export { plainLine } from './build/plain-line.ts';
export type { RunSettings } from './build/build-session.ts';
export type { UsedMirror } from './injection/build-mirror.ts';
export type { NpmMirror } from './injection/npm-mirror.ts';
export { checkRunRequirements } from './run/check-run-requirements.ts';
export { withRunStep, type RunStepResult } from './run/run-step.ts';
export type { RunStepOptions } from './run/run-step-options.ts';
export { createStepDirectory, type StepDirectory } from './run/step-directory.ts';
