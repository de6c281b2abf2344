import type { Setting } from '../policy.ts';
import { requestOf } from '../request.ts';
import type { Snapshot } from '../snapshot.ts';
import { checkAliases } from './aliases.ts';
import type { ClassicFeatures } from './classic-features.ts';
import type { Parsed } from './parser.ts';
import { type JudgeClassicOptions, mainPath, type PolicyRead, readPolicy } from './read-policy.ts';
import type { Said } from './report.ts';
import { scopeMatches } from './scope-matches.ts';
import { settingKinds } from './setting-kinds.ts';
import { applySettings, checkSettings, type EffectiveSettings } from './settings.ts';
import type { Sources } from './sources.ts';

export interface VisudoVerdict {
  readonly exitCode: 0 | 1 | 2;
  readonly says: readonly string[];
  readonly said: readonly Said[];
}

/** `visudo -c`, as root. */
export function judgeVisudo(
  options: JudgeClassicOptions,
  features: ClassicFeatures,
  known: (PolicyRead & { said: Said[] }) | null,
): VisudoVerdict {
  const said: Said[] = known?.said ?? [];
  const { sources, parsed } = known ?? readPolicy(options, { features, program: 'visudo', said });
  const errors = said.flatMap(({ lines }) => lines);
  if (sources.unreadable) return { exitCode: 2, says: ['input in flex scanner failed'], said: [] };
  if (parsed === null) return { exitCode: 1, says: errors, said: [] };
  if (parsed.hasErrors || parsed.abandoned || sources.endless) {
    const at = parsed.firstError;
    if (!parsed.hasErrors) errors.push(`visudo: failed to parse ${mainPath} file, unknown error`);
    else if (!features.recovers && at !== null)
      errors.push(`parse error in ${at.path} near line ${at.line}`);
    return {
      exitCode: 1,
      says: errors,
      said: said.filter(({ problem }) => problem?.severity === 'visudo-only'),
    };
  }
  const checked = checkContents(options, features, parsed);
  errors.push(...checked.said.flatMap(({ lines }) => lines));
  if (!checked.right) {
    const at = checked.said[0]?.problem;
    if (features.defaultsHaveLines && !features.recovers && at?.line !== undefined) {
      errors.push(`parse error in ${at.path} near line ${at.line}`);
    }
    return { exitCode: 1, says: errors, said: checked.said };
  }
  const files = checkOwnersAndModes(options.snapshot, sources);
  return {
    exitCode: files.wrong.length > 0 ? 1 : 0,
    says: [
      ...errors,
      ...files.wrong.flatMap(({ lines }) => lines),
      ...files.fine.map((path) => `${path}: parsed OK`),
    ],
    said: [...checked.said, ...files.wrong],
  };
}

function checkContents(
  { accounts, host, snapshot }: JudgeClassicOptions,
  features: ClassicFeatures,
  { policy }: Parsed,
): { right: boolean; said: Said[] } {
  const said: Said[] = [];
  const say = (one: Said): void => void said.push(one);
  const root = requestOf({ user: 'root', command: 'ALL' }, accounts, { host, runAs: 'root' });
  const kinds = settingKinds(features.version);
  const applies = (setting: Setting, soFar: EffectiveSettings): boolean => {
    if (setting.scope === '') return true;
    if (root === null || (setting.scope !== ':' && setting.scope !== '@')) return false;
    const context = {
      policy,
      features,
      snapshot,
      accounts,
      request: root,
      settings: soFar,
      nowMs: null,
    };
    return scopeMatches(setting, context);
  };
  const quiet = applySettings(policy.settings, {
    features,
    kinds,
    program: 'visudo',
    applies,
    say: () => undefined,
  });
  const ignoreUnknown = quiet.effective.get('ignore_unknown_defaults') === true;
  const right = checkSettings(policy.settings, {
    features,
    kinds,
    program: 'visudo',
    say,
    ignoreUnknown,
  });
  return { right, said: [...said, ...checkAliases(policy, features)] };
}

/** Mode 0440 and root:root, of the main file and of all that were included. */
function checkOwnersAndModes(
  snapshot: Snapshot,
  sources: Sources,
): { wrong: Said[]; fine: string[] } {
  const wrong: Said[] = [];
  const fine: string[] = [];
  const paths = [
    mainPath,
    ...new Set(sources.reads.filter(({ how }) => how !== 'main').map(({ path }) => path)),
  ];
  for (const path of paths) {
    const looked = snapshot.look(path);
    const complaints: string[] = [];
    if (looked.error === null) {
      if (looked.uid !== 0 || looked.gid !== 0)
        complaints.push('wrong owner (uid, gid) should be (0, 0)');
      if (looked.mode !== 0o440) complaints.push('bad permissions, should be mode 0440');
    }
    for (const what of complaints) {
      wrong.push({
        problem: { path, line: null, column: null, what, severity: 'visudo-only' },
        lines: [`${path}: ${what}`],
      });
    }
    if (complaints.length === 0) fine.push(path);
  }
  return { wrong, fine };
}
