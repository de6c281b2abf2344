import { AshlarError } from '../../src/index.ts';
import type { AskedRepository } from './routed-request.ts';
import type { ChosenRegistry } from './choose-registry.ts';

const maxNameLength = 255;
const partPattern = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/;

/**
 * The repository that is meant; on Docker Hub, a name of one part is one of `library/`. Throws `repository_name_invalid` for what
 * is no name (OCI distribution-spec 1.1, "Pulling manifests").
 */
export function nameRepository({ registry, repository }: ChosenRegistry): AskedRepository {
  const name = repository.join('/');
  if (name.length > maxNameLength)
    throw invalid(name, `has ${name.length} characters, more than ${maxNameLength}`);
  const wrong = repository.find((part) => !partPattern.test(part));
  if (repository.length === 0) throw invalid(name, 'is empty');
  if (wrong !== undefined) throw invalid(name, problemOf(wrong));
  const isOfficial = registry.name === 'docker.io' && repository.length === 1;
  return { registry, repository: isOfficial ? `library/${name}` : name };
}

function problemOf(part: string): string {
  if (part === '') return 'has an empty part';
  if (part === '.' || part === '..') return `has the part ${part}`;
  if (/[A-Z]/.test(part)) return 'has upper-case letters';
  const strange = /[^a-z0-9._-]/u.exec(part)?.[0];
  if (strange !== undefined) return `has ${JSON.stringify(strange)}`;
  return `has separators where none may be, in ${JSON.stringify(part.slice(0, 100))}`;
}

function invalid(name: string, problem: string): AshlarError {
  const shown = JSON.stringify(name.slice(0, 100));
  return new AshlarError('repository_name_invalid', `the repository ${shown} ${problem}`, {
    data: { repository: name.slice(0, 300) },
  });
}
