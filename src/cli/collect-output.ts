import { AshlarError } from '../errors/ashlar-error.ts';

/** A JSON document holds it whole, and each byte may take six characters there. */
const maxJsonOutputBytes = 32 * 1024 * 1024;

export interface CollectedOutput {
  /** Throws `invalid_request` when the whole is more than a JSON document can hold. */
  push(stream: 'stdout' | 'stderr', chunk: Buffer): void;
  text(stream: 'stdout' | 'stderr'): string;
}

/** Keeps what a command writes, for a document that is printed when it has ended. */
export function collectOutput(maxBytes: number = maxJsonOutputBytes): CollectedOutput {
  const chunks = { stdout: new Array<Buffer>(), stderr: new Array<Buffer>() };
  let sizeBytes = 0;
  return {
    push(stream, chunk) {
      sizeBytes += chunk.length;
      if (sizeBytes > maxBytes) {
        throw new AshlarError(
          'invalid_request',
          `the command wrote more than ${maxBytes} bytes, too many for a JSON document; it was stopped`,
          { data: { maxBytes }, hint: 'Run it without --output json.' },
        );
      }
      chunks[stream].push(chunk);
    },
    text: (stream) => Buffer.concat(chunks[stream]).toString('utf8'),
  };
}
