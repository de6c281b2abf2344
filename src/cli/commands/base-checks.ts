import { type CheckPlace, selectChecks } from '../../../base-images/index.ts';
import { catalogue } from '../../errors/catalogue.ts';
import type { CommandResult } from '../terminal.ts';

/** `ashlar base check --list`: the contract itself. */
export function baseChecks(selection: {
  readonly on: readonly CheckPlace[] | undefined;
  readonly ids: readonly string[] | undefined;
}): CommandResult {
  const { on, ids } = selection;
  const checks = selectChecks({
    ...(on === undefined ? {} : { on }),
    ...(ids === undefined ? {} : { ids }),
  }).map((check) => ({
    id: check.id,
    on: check.on,
    title: check.title,
    why: check.why,
    concerns: check.concerns.map(({ words }) => words),
    code: check.code,
    class: catalogue[check.code].class,
  }));
  const lines = checks.flatMap(({ id, on: place, title, why, concerns, class: acts }) => [
    `${id} (${place}): ${title}`,
    `  why: ${why}`,
    `  concerns: ${concerns.length === 0 ? 'all images' : concerns.join('; ')}`,
    `  to act: ${acts}`,
  ]);
  return { json: { checks }, text: lines.join('\n') };
}
