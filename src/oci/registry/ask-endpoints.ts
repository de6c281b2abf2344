import { AshlarError } from '../../errors/ashlar-error.ts';
import type { ImageReference } from '../reference.ts';
import type { ClientContext } from './client-context.ts';
import { downloadRest, startBlob, type BlobQuery } from './download-blob.ts';
import { endpointsOf, type Endpoint } from './endpoint.ts';
import type { RequestSubject } from './request-subject.ts';
import type { RetryPolicy } from '../../upstream/retry.ts';

/** A mirror that fails has the registry behind it. */
const mirrorAttempts = 2;

/** Asks the mirrors and then the registry; a mirror's failure is told only if the registry fails as well. */
export async function askEndpoints<T>(
  { endpoints, policy }: ClientContext,
  reference: ImageReference,
  ask: (endpoint: Endpoint, policy: RetryPolicy) => Promise<T>,
): Promise<T> {
  const { mirrors, registry } = endpointsOf(reference.registry, endpoints);
  const failed: string[] = [];
  for (const mirror of mirrors) {
    try {
      return await ask(mirror, mirrorPolicy(policy));
    } catch (error) {
      failed.push(mirrorWords(error));
    }
  }
  try {
    return await ask(registry, policy);
  } catch (error) {
    throw withMirrors(error, failed);
  }
}

/** The same for a stream, which the next endpoint continues where the one before broke off. */
export async function* streamFromEndpoints(
  context: ClientContext,
  reference: ImageReference,
  { subject, ...blob }: Omit<BlobQuery, 'endpoint' | 'repository'> & { subject: RequestSubject },
): AsyncGenerator<Buffer, void, undefined> {
  const { exchange, policy } = context;
  const { mirrors, registry } = endpointsOf(reference.registry, context.endpoints);
  const { repository } = reference;
  const { signal } = blob;
  const progress = startBlob({ endpoint: registry, repository, ...blob });
  const failed: string[] = [];
  for (const endpoint of mirrors) {
    const plan = context.plan({ subject, policy: mirrorPolicy(policy), signal });
    try {
      yield* downloadRest(exchange, { endpoint, repository, ...blob }, { progress, plan });
      return;
    } catch (error) {
      // Wrong bytes that were handed on already cannot be taken back.
      if (isCorrupt(error) && progress.receivedBytes > 0) throw error;
      failed.push(mirrorWords(error));
    }
  }
  const plan = context.plan({ subject, policy, signal });
  try {
    yield* downloadRest(exchange, { endpoint: registry, repository, ...blob }, { progress, plan });
  } catch (error) {
    throw withMirrors(error, failed);
  }
}

function mirrorPolicy(policy: RetryPolicy): RetryPolicy {
  return { ...policy, attempts: Math.min(policy.attempts, mirrorAttempts) };
}

function isCorrupt(error: unknown): boolean {
  return error instanceof AshlarError && error.code === 'registry_corrupt';
}

/** Only failures of the outside world lead on to the next endpoint. */
function mirrorWords(error: unknown): string {
  if (!(error instanceof AshlarError) || error.code === 'config_invalid') throw error;
  return error.message;
}

function withMirrors(error: unknown, failed: readonly string[]): unknown {
  if (!(error instanceof AshlarError) || failed.length === 0) return error;
  const { code, data, hint } = error;
  const message = `${error.message}; before that, its mirrors: ${failed.join('; ')}`;
  return new AshlarError(code, message, { data, hint, cause: error });
}
