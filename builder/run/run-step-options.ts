import type { OutputStream } from './step-output.ts';
import type { OciRuntime } from './container.ts';
import type { NetworkHelper } from './step-network.ts';
import type { TakenHosts } from './taken-hosts.ts';

export interface RunStepOptions {
  /** Where step directories are made: ASHLAR_HOME/run. Any file system that can hold sparse files. */
  readonly workRoot: string;
  /** A raw ext4 image file, never written to; several steps may use one at a time. */
  readonly parentDisk: string;
  readonly argv: readonly string[];
  /** PATH (Docker's default) and HOME (from /etc/passwd) are added where missing. */
  readonly env: Readonly<Record<string, string>>;
  /** Absolute; made where it is missing. */
  readonly workdir: string;
  /** Docker's USER forms: empty, `name`, `uid`, `name:group`, `uid:gid`. */
  readonly user: string;
  readonly hostname?: string;
  readonly limits: StepLimits;
  /**
   * `isolated`: outgoing connections and DNS, but neither the host's loopback nor link-local addresses. On a host without a
   * default route it is the same as `none`: the loopback of the step alone.
   */
  readonly network: 'isolated' | 'none';
  /** Names that lead to this process, also on a host without a default route; not heeded with `none`. */
  readonly taken?: TakenHosts;
  /** Read-only binds that leave no trace in the image. */
  readonly extraMounts?: readonly ExtraMount[];
  readonly onOutput?: (stream: OutputStream, chunk: Buffer) => void;
  readonly signal?: AbortSignal;
  readonly tools?: StepTools;
}

export interface StepLimits {
  /** Memory of all processes and of the pages they write; swap is not added to it. No limit when left out. */
  readonly memoryBytes?: number;
  /** Processes and threads. No limit when left out. */
  readonly pids?: number;
  /** Of the command alone. No limit when left out. */
  readonly timeoutMs?: number;
  /** Output that is handed on; default 100 MiB. */
  readonly outputBytes?: number;
  /** `cut` (the default): one notice, and the step goes on without output. `fail`: `step_output_exceeded`. */
  readonly outputExceeded?: 'cut' | 'fail';
  /** Size of the file system that takes what the step writes; default 16 GiB. */
  readonly upperBytes?: number;
}

export interface ExtraMount {
  readonly hostPath: string;
  readonly guestPath: string;
}

/** Which installed tools to use; the first that is there when left out. */
export interface StepTools {
  readonly runtime?: OciRuntime;
  readonly networkHelper?: NetworkHelper;
  readonly seccompProfilePath?: string;
}

export const defaultOutputBytes = 100 * 1024 * 1024;
export const defaultUpperBytes = 16 * 1024 * 1024 * 1024;
export const defaultHostname = 'ashlar-build';
export const defaultPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
