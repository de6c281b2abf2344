import { AshlarError } from '../../errors/ashlar-error.ts';
import type { ImageReference } from '../reference.ts';
import type { ClientContext } from './client-context.ts';
import { downloadRest, startBlob, type BlobQuery } from './download-blob.ts';
import { endpointsOf, type Endpoint } from './endpoint.ts';
import type { RequestSubject } from './request-subject.ts';
import type { RetryPolicy } from '../../upstream/retry.ts';

/** A mirror that fails has the registry behind it. */
const mirrorAttempts = 2;

/**
 * Asks the mirrors and then the registry; a mirror's failure is told only if the registry fails as well. A mirror that has failed is
 * not asked for the same repository again.
 */
export async function askEndpoints<T>(
  context: ClientContext,
  reference: ImageReference,
  ask: (endpoint: Endpoint, policy: RetryPolicy) => Promise<T>,
): Promise<T> {
  const { endpoints, policy } = context;
  const { mirrors, registry } = endpointsOf(reference.registry, endpoints);
  const failed: string[] = [];
  for (const mirror of usable(mirrors, reference, context)) {
    try {
      return await ask(mirror, mirrorPolicy(policy));
    } catch (error) {
      failed.push(noteFailure(error, { mirror, reference, context }));
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
  for (const endpoint of usable(mirrors, reference, context)) {
    const plan = context.plan({ subject, policy: mirrorPolicy(policy), signal });
    try {
      yield* downloadRest(exchange, { endpoint, repository, ...blob }, { progress, plan });
      return;
    } catch (error) {
      // Wrong bytes that were handed on already cannot be taken back.
      if (isCorrupt(error) && progress.receivedBytes > 0) throw error;
      failed.push(noteFailure(error, { mirror: endpoint, reference, context }));
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

function usable(
  mirrors: readonly Endpoint[],
  reference: ImageReference,
  { failedMirrors }: ClientContext,
): readonly Endpoint[] {
  return mirrors.filter((mirror) => !failedMirrors.has(placeOf(mirror, reference)));
}

function placeOf({ origin, prefix }: Endpoint, { repository }: ImageReference): string {
  return `${origin}/${prefix}${repository}`;
}

interface MirrorFailure {
  readonly mirror: Endpoint;
  readonly reference: ImageReference;
  readonly context: ClientContext;
}

/** Gives what it says. Only failures of the outside world lead on to the next endpoint. */
function noteFailure(error: unknown, { mirror, reference, context }: MirrorFailure): string {
  if (!(error instanceof AshlarError) || error.code === 'config_invalid') throw error;
  context.failedMirrors.add(placeOf(mirror, reference));
  context.onMirrorFailure(error);
  return error.message;
}

function withMirrors(error: unknown, failed: readonly string[]): unknown {
  if (!(error instanceof AshlarError) || failed.length === 0) return error;
  const { code, data, hint } = error;
  const message = `${error.message}; before that, its mirrors: ${failed.join('; ')}`;
  return new AshlarError(code, message, { data, hint, cause: error });
}
