/** Named regular files: those of a directory, or the members of an archive. */
export interface SourceFiles {
  /** Null when there is no regular file of that name. `path` is relative, with slashes, without `..`. */
  find(path: string): Promise<SourceFile | null>;
}

export interface SourceFile {
  readonly sizeBytes: number;
  /** The bytes from the front; closing what is open when the reader leaves. Can be called again. */
  read(signal?: AbortSignal): AsyncIterable<Buffer>;
}

/** The whole of a file that is small; null when it has more than `maxBytes`. */
export async function readSmallFile(
  file: SourceFile,
  maxBytes: number,
  signal?: AbortSignal,
): Promise<Buffer | null> {
  if (file.sizeBytes > maxBytes) return null;
  const chunks: Buffer[] = [];
  for await (const chunk of file.read(signal)) chunks.push(chunk);
  return Buffer.concat(chunks);
}
