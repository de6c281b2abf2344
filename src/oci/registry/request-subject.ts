import { AshlarError } from '../../errors/ashlar-error.ts';
import { formatReference, type ImageReference } from '../reference.ts';
import type { AttemptFailure } from '../../upstream/attempt-failure.ts';

/** What a series of attempts is about, for messages. */
export interface RequestSubject {
  readonly name: string;
  readonly data: Readonly<Record<string, string>>;
}

export function subjectOf(reference: ImageReference, part?: string): RequestSubject {
  const { registry, repository, tag, digest } = reference;
  const name = formatReference(reference);
  return {
    name: part === undefined ? name : `${name}, ${part}`,
    data: { registry, repository, reference: digest ?? tag ?? 'latest' },
  };
}

/** What is thrown when no attempt is left: subject, problem, and how often it was tried. */
export function finalFailure(
  failure: AttemptFailure,
  { subject, attempts }: { subject: RequestSubject; attempts: number },
): AshlarError {
  const { code, hint, status } = failure.facts;
  const count = attempts === 1 ? '1 attempt' : `${attempts} attempts`;
  return new AshlarError(code, `${subject.name}: ${failure.message} (${count})`, {
    data: { ...subject.data, attempts, ...(status === undefined ? {} : { status }) },
    cause: failure,
    ...(hint === undefined ? {} : { hint }),
  });
}
