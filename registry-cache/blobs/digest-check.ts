import { createHash } from 'node:crypto';
import {
  AttemptFailure,
  type BodyCheck,
  digestAlgorithm,
  type OciDigest,
} from '../../src/network.ts';

/** Holds a body against the digest and the size that it has to have. */
export function createDigestCheck(
  subject: string,
  { digest, sizeBytes }: { readonly digest: OciDigest; readonly sizeBytes: number | null },
): BodyCheck {
  const algorithm = digestAlgorithm(digest);
  const hash = createHash(algorithm);
  return {
    update: (bytes) => void hash.update(bytes),
    async finish(foundBytes) {
      const found = `${algorithm}:${hash.digest('hex')}`;
      if (found !== digest) throw wrong(`${subject} arrived with the digest ${found}`);
      if (sizeBytes !== null && foundBytes !== sizeBytes)
        throw wrong(`${subject} has ${foundBytes} bytes, not ${sizeBytes}`);
    },
  };
}

function wrong(problem: string): AttemptFailure {
  return new AttemptFailure(problem, { code: 'registry_corrupt', isPassing: true });
}
