import type { BytePath } from '../../src/index.ts';
import type { BaseFacts } from '../detect/base-facts.ts';
import type { ImageFiles } from '../files/image-files.ts';
import type { Release } from '../releases/release.ts';
import type { SetupPlan } from '../setup/setup-plan.ts';
import type { SudoEngine } from '../sudoers/engine.ts';
import type { SudoersVerdict } from '../sudoers/verdict.ts';
import type { BootReport } from './looking/boot-report.ts';
import type { OwnInit } from './looking/own-init.ts';
import type { Runner } from './runner.ts';

/** An image as the checks see it. What takes time is asked once, by the first check that needs it. */
export interface CheckedBase {
  readonly files: ImageFiles;
  readonly facts: BaseFacts;
  /** What the data expect of it; null for what they do not know. */
  readonly release: Release | null;
  /** Who shall become root with sudo: whom the caller named, else whom Ashlar's own rule names. */
  readonly user: BytePath | null;
  /** Whether Ashlar's setup left something in the image. */
  readonly isSetUp: boolean;
  /** The files before the setup; null where nobody knows them any more. */
  readonly before: ImageFiles | null;
  /** In OCI's words, where containers and machines of the check run. */
  readonly hostArchitecture: string;
  /** Milliseconds since 1970. */
  readonly nowMs: () => number;
  /** What the sudo of the image says of its files. Null where nobody knows which sudo it is. */
  sudoers(): Promise<SudoersVerdict | null>;
  /** What another sudo says of the same files. */
  sudoersFor(engine: SudoEngine): Promise<SudoersVerdict>;
  /** What a setup would do to it now; null where nobody can plan one. */
  plan(): Promise<SetupPlan | null>;
  /** Only in checks that are `on: 'container'`. */
  readonly run: Runner['run'];
  /** What one boot showed; only in checks that are `on: 'boot'`. Throws what the boot threw, each time. */
  booted(): Promise<BootReport>;
  /** What a boot with the image's own init showed, after `booted`; throws as that does, but an init that does not come up is no error. */
  ownInit(): Promise<OwnInit>;
}
