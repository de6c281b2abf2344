import { bootImage, type BootOptions, type BootResult } from '../../../vm/index.ts';

export interface CapturedBoot extends BootResult {
  readonly stdout: Buffer;
  readonly stderr: Buffer;
}

export type CapturedBootOptions = Omit<BootOptions, 'command' | 'onStdout' | 'onStderr'> & {
  readonly argv: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly workdir?: string;
  readonly user?: string;
};

/** Boots with the command's output kept. */
export async function captureBoot(options: CapturedBootOptions): Promise<CapturedBoot> {
  const { argv, env = {}, workdir = '', user = '', ...rest } = options;
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  const result = await bootImage({
    timeoutMs: 60_000,
    ...rest,
    command: { argv, env, workdir, user },
    onStdout: (chunk) => stdout.push(chunk),
    onStderr: (chunk) => stderr.push(chunk),
  });
  return { ...result, stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr) };
}
