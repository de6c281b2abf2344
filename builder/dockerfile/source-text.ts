import { isUtf8 } from 'node:buffer';
import { readFile, stat } from 'node:fs/promises';
import { AshlarError, systemErrorCode } from '../../src/index.ts';

/** A Dockerfile of more bytes is refused. */
export const maxDockerfileBytes = 1024 * 1024;

export interface SourceName {
  /** The name to show in messages. */
  readonly path: string;
}

/**
 * Reads a Dockerfile from a file of this machine. Throws `dockerfile_missing` when there is no regular file of that
 * name that can be read, and what `decodeDockerfile` throws.
 */
export async function readDockerfile(file: string, source: SourceName): Promise<string> {
  const missing = (what: string, cause?: unknown): AshlarError =>
    new AshlarError('dockerfile_missing', `${source.path}: ${what}`, {
      data: { path: source.path },
      cause,
    });
  try {
    const stats = await stat(file);
    if (!stats.isFile()) throw missing('is not a regular file');
    if (stats.size > maxDockerfileBytes) throw tooLarge(source, stats.size);
    return decodeDockerfile(await readFile(file), source);
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') throw missing('no such file', error);
    if (error instanceof AshlarError || code === undefined) throw error;
    throw missing(`cannot be read (${code})`, error);
  }
}

/**
 * The text of a Dockerfile's bytes. Throws `dockerfile_parse_error` for more than 1 MiB, a NUL byte, or what is not
 * UTF-8, with the line where that is known.
 */
export function decodeDockerfile(bytes: Uint8Array, source: SourceName): string {
  if (bytes.length > maxDockerfileBytes) throw tooLarge(source, bytes.length);
  if (!isUtf8(bytes)) throw unreadable(source, lineOfFirstDamage(bytes), 'is not valid UTF-8');
  const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
  checkSourceText(text, source);
  return text;
}

/** Refuses text that no Dockerfile can have; the checks of `decodeDockerfile` for text that came another way. */
export function checkSourceText(text: string, source: SourceName): void {
  const sizeBytes = Buffer.byteLength(text, 'utf8');
  if (sizeBytes > maxDockerfileBytes) throw tooLarge(source, sizeBytes);
  const nul = text.indexOf('\0');
  if (nul !== -1) throw unreadable(source, lineAt(text, nul), 'has a NUL byte');
  if (!text.isWellFormed()) {
    const lone = /[\ud800-\udfff]/.exec(text.replace(/[\ud800-\udbff][\udc00-\udfff]/g, '..'));
    throw unreadable(source, lineAt(text, lone?.index ?? 0), 'is not valid UTF-8');
  }
}

function tooLarge(source: SourceName, sizeBytes: number): AshlarError {
  return new AshlarError(
    'dockerfile_parse_error',
    `${source.path} has ${sizeBytes} bytes, more than the limit of ${maxDockerfileBytes}`,
    {
      data: { path: source.path, line: 1, sizeBytes, limitBytes: maxDockerfileBytes },
      hint: 'Check that the file is a Dockerfile; move long scripts into files and COPY them.',
    },
  );
}

function unreadable(source: SourceName, line: number, what: string): AshlarError {
  return new AshlarError('dockerfile_parse_error', `${source.path}:${line}: ${what}`, {
    data: { path: source.path, line },
    hint: 'Save the Dockerfile as UTF-8 text; for other bytes COPY a file.',
  });
}

function lineAt(text: string, offset: number): number {
  return text.slice(0, offset).split('\n').length;
}

function lineOfFirstDamage(bytes: Uint8Array): number {
  let line = 1;
  let start = 0;
  while (start < bytes.length) {
    const newline = bytes.indexOf(0x0a, start);
    const end = newline === -1 ? bytes.length : newline;
    if (!isUtf8(bytes.subarray(start, end))) return line;
    start = end + 1;
    line += 1;
  }
  return line;
}
