import { z } from 'zod';
import { type ChildResult, runChild } from './run-child.ts';

/** A failure as `ashlar --output json` prints it. */
export interface AshlarFailure {
  readonly code: string;
  /** Who must act. */
  readonly class: string;
  readonly message: string;
  readonly hint: string;
}

export type AshlarAnswer<Value> =
  | { readonly ok: true; readonly value: Value; readonly exitCode: number }
  | { readonly ok: false; readonly failure: AshlarFailure };

export interface AshlarCall<Value> {
  /** Without `--output json`, which is added. */
  readonly args: readonly string[];
  readonly answer: z.ZodType<Value>;
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
}

/** The command line of Ashlar, each call a process of its own. */
export interface Ashlar {
  /**
   * Gives what the command printed, whatever its exit code, and else its failure. An answer that is none, such as no JSON, is a failure of
   * the class `platform`. Throws the abort reason.
   */
  call<Value>(call: AshlarCall<Value>): Promise<AshlarAnswer<Value>>;
}

export interface AshlarOptions {
  /** The program to start. */
  readonly program: string;
  /** With the ASHLAR_HOME and ASHLAR_STORE of the run. */
  readonly env: NodeJS.ProcessEnv;
}

const failureSchema = z.object({
  error: z.object({
    code: z.string(),
    class: z.string(),
    message: z.string(),
    hint: z.string(),
  }),
});

export function createAshlar({ program, env }: AshlarOptions): Ashlar {
  return {
    async call({ args, answer, signal, timeoutMs }) {
      const argv = [program, ...args, '--output', 'json'] as const;
      const result = await runChild({ argv, env, signal, timeoutMs });
      const said = `ashlar ${args.join(' ')}`;
      if (result.endedFor === 'timeout')
        return fault(`${said} took more than ${timeoutMs / 1000} s`, result);
      const document = parsed(result.stdout.toString('utf8'));
      if (document === undefined) return fault(`${said} printed no JSON`, result);
      const failed = failureSchema.safeParse(document);
      if (failed.success) return { ok: false, failure: failed.data.error };
      const value = answer.safeParse(document);
      if (!value.success)
        return fault(`${said} printed something else: ${z.prettifyError(value.error)}`, result);
      return { ok: true, value: value.data, exitCode: result.exitCode ?? 0 };
    },
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function fault(
  words: string,
  { exitCode, stderr }: ChildResult,
): { ok: false; failure: AshlarFailure } {
  const last = stderr.trim().slice(-1000);
  const message = `${words.slice(0, 2000)} (exit code ${exitCode ?? 'none'})${last === '' ? '' : `: ${last}`}`;
  return {
    ok: false,
    failure: {
      code: 'internal',
      class: 'platform',
      message,
      hint: 'Report this as a fault of Ashlar.',
    },
  };
}
