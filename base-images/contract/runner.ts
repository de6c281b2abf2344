/** A command in the image, run as a RUN step is: in a container of its own, whose changes are thrown away. */
export interface Runner {
  /**
   * Throws the codes of a RUN step: `privilege_missing` and others of this installation, `step_timeout`. A program that
   * the image lacks is exit code 127.
   */
  run(request: RunRequest): Promise<RunResult>;
}

export interface RunRequest {
  readonly argv: readonly string[];
  /** As in USER of a Dockerfile; root where it is left out. */
  readonly user?: string;
  readonly env?: Readonly<Record<string, string>>;
}

export interface RunResult {
  readonly exitCode: number;
  readonly stdout: Buffer;
  readonly stderr: Buffer;
}

/** The image as a machine: it is booted, the command is run in it as root, and it is powered off. */
export interface Boot {
  /**
   * Throws `boot_failed`, `boot_timeout`, `boot_too_slow` and `boot_check_failed` where no command came to its end, and
   * codes of this installation where machines cannot run here.
   */
  run(argv: readonly string[], init: FirstProcess): Promise<RunResult>;
}

/**
 * The first process of the machine: `guest` is one that runs the command and nothing else of the image; `image` is the init of the
 * image, which runs the command when everything else is up.
 */
export type FirstProcess = 'guest' | 'image';
