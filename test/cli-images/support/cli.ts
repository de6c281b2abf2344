import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Writable } from 'node:stream';
import { pathToFileURL } from 'node:url';
import { runCli } from '../../../src/cli/run-cli.ts';

export interface Outcome {
  readonly exitCode: number;
  readonly stdout: Buffer;
  readonly stderr: string;
}

/** The command line with a home and a store of its own. */
export interface Cli {
  readonly home: string;
  readonly storeDir: string;
  readonly env: NodeJS.ProcessEnv;
  /** Runs in this process: quick, and the same but for the first lines of the program. One at a time. */
  run(...args: string[]): Promise<Outcome>;
  /** As `run` with `--output json`: the document, of which stdout must hold exactly one, and nothing else. */
  json(...args: string[]): Promise<{ exitCode: number; document: Record<string, unknown> }>;
  /** Starts the program as a user does. */
  start(...args: string[]): ChildProcess;
}

const program = join(import.meta.dirname, '../../../bin/ashlar');

export function createCli(home: string, storeDir: string = join(home, 'store')): Cli {
  const env = {
    ...process.env,
    ASHLAR_HOME: home,
    ASHLAR_STORE: pathToFileURL(storeDir).href,
  };
  const run = async (...args: string[]): Promise<Outcome> => {
    const stdout = collector();
    const stderr = collector();
    process.env['ASHLAR_HOME'] = env.ASHLAR_HOME;
    process.env['ASHLAR_STORE'] = env.ASHLAR_STORE;
    const exitCode = await runCli(args, {
      stdout: stdout.stream,
      stderr: stderr.stream,
      isInteractive: false,
    });
    return { exitCode, stdout: stdout.bytes(), stderr: stderr.bytes().toString() };
  };
  return {
    home,
    storeDir,
    env,
    run,
    async json(...args) {
      const { exitCode, stdout } = await run(...args, '--output', 'json');
      const text = stdout.toString();
      if (!text.endsWith('\n') || text.trim().includes('\n'))
        throw new Error(`not one line of JSON: ${text}`);
      return { exitCode, document: JSON.parse(text) as Record<string, unknown> };
    },
    start: (...args) => spawn(program, args, { env }),
  };
}

/** The error in a document of a failed command. */
export function errorIn(document: Record<string, unknown>): {
  code: string;
  class: string;
  message: string;
  hint: string;
  data: Record<string, unknown>;
} {
  return document['error'] as ReturnType<typeof errorIn>;
}

/** Packs files into a tar whose bytes depend on them alone. */
export function makeTar(archive: string, files: Readonly<Record<string, string | Buffer>>): string {
  const root = `${archive}.d`;
  for (const [path, bytes] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), bytes);
  }
  const reproducible = [
    '--sort=name',
    '--mtime=@1700000000',
    '--owner=0',
    '--group=0',
    '--mode=u=rwX,go=rX',
  ];
  execFileSync('tar', [...reproducible, '--numeric-owner', '-C', root, '-cf', archive, '.'], {
    env: { ...process.env, LC_ALL: 'C.UTF-8' },
  });
  return archive;
}

/** Bytes that are different in every chunk, made and compressed at once. */
export function bulk(sizeBytes: number, seed = 0): Buffer {
  const bytes = Buffer.allocUnsafe(sizeBytes);
  for (let at = 0; at < sizeBytes; at += 65_536)
    bytes.fill(`${seed} ${at} `, at, Math.min(at + 65_536, sizeBytes));
  return bytes;
}

function collector(): { stream: Writable; bytes(): Buffer } {
  const parts: Buffer[] = [];
  const stream = new Writable({
    write(part: Buffer | string, _encoding, done) {
      parts.push(Buffer.from(part));
      done();
    },
  });
  return { stream, bytes: () => Buffer.concat(parts) };
}
