import { type Request, requestOf } from '../request.ts';
import type { Judgement } from '../judgement.ts';
import type { SudoersAnswer, SudoersQuestion } from '../verdict.ts';
import { type ClassicFeatures, classicFeatures } from './classic-features.ts';
import { judgeVisudo } from './judge-visudo.ts';
import { lookUp } from './lookup.ts';
import type { MatchContext } from './match-context.ts';
import type { Parsed } from './parser.ts';
import { isSameForVisudo, type JudgeClassicOptions, readPolicy } from './read-policy.ts';
import type { Said } from './report.ts';
import { scopeMatches } from './scope-matches.ts';
import { settingKinds } from './setting-kinds.ts';
import { applySettings, type EffectiveSettings } from './settings.ts';

/** What the C sudo of a version says of the sudoers files. */
export function judgeClassic(options: JudgeClassicOptions): Judgement {
  const features = classicFeatures(options.version);
  const said: Said[] = [];
  const policy = readPolicy(options, { features, program: 'sudo', said });
  const { sources, parsed } = policy;
  const sameForVisudo = isSameForVisudo(policy, said, features);
  const lockedOut =
    parsed === null ||
    parsed.abandoned ||
    sources.endless ||
    (parsed.hasErrors && !features.recovers);
  if (lockedOut)
    said.push(...lockOut(said.splice(0)), { problem: null, lines: farewell(parsed, features) });
  const visudo = judgeVisudo(options, features, sameForVisudo);
  const questions = lockedOut || parsed === null ? null : { parsed, features, options };
  return {
    reads: sources.reads,
    skips: sources.skips,
    directories: sources.directories,
    problems: [...said, ...visudo.said].flatMap(({ problem }) => problem ?? []),
    lockedOut,
    visudo: { exitCode: visudo.exitCode, says: visudo.says },
    says: (question) => {
      const settingsSaid = questions === null ? [] : ask(questions, question).said;
      return [...said, ...settingsSaid].flatMap(({ lines }) => lines);
    },
    allows: (question) => (questions === null ? 'denied' : ask(questions, question).answer),
    settingProblems: () =>
      questions === null ? [] : ask(questions, null).said.flatMap(({ problem }) => problem ?? []),
  };
}

/** The last thing that was wrong is what cannot be got over. */
function lockOut(said: readonly Said[]): Said[] {
  const last = said.findLast(({ problem }) => problem?.severity === 'recovered');
  return said.map((one) =>
    one === last && one.problem !== null
      ? { ...one, problem: { ...one.problem, severity: 'fatal' } }
      : one,
  );
}

/** What sudo prints when it gives up. */
function farewell(parsed: Parsed | null, features: ClassicFeatures): string[] {
  const lines: string[] = [];
  if (parsed !== null && !features.recovers && parsed.firstError !== null) {
    lines.push(
      `sudo: parse error in ${parsed.firstError.path} near line ${parsed.firstError.line}`,
    );
  }
  if (!features.quietAboutSources) lines.push('sudo: no valid sudoers sources found, quitting');
  if (features.digestLists)
    return [...lines, 'sudo: error initializing audit plugin sudoers_audit'];
  const plugin = 'sudo: unable to initialize policy plugin';
  return features.mailTags ? [...lines, plugin] : [...lines, plugin, plugin];
}

interface Questions {
  readonly parsed: Parsed;
  readonly features: ClassicFeatures;
  readonly options: JudgeClassicOptions;
}

/** Without a question: what every call prints. */
function ask(
  { parsed, features, options }: Questions,
  question: SudoersQuestion | null,
): { answer: SudoersAnswer; said: Said[] } {
  const { accounts, host, snapshot, nowMs } = options;
  const { policy } = parsed;
  const said: Said[] = [];
  const requestAs = (runAs: string): Request | null =>
    question === null ? null : requestOf(question, accounts, { host, runAs });
  let request = requestAs('root');
  const contextOf = (request: Request, settings: EffectiveSettings): MatchContext => {
    return { policy, features, snapshot, accounts, request, settings, nowMs };
  };
  const { effective } = applySettings(policy.settings, {
    features,
    kinds: settingKinds(features.version),
    program: 'sudo',
    say: (one) => said.push(one),
    applies: (setting, soFar) =>
      setting.scope === '' ||
      (request !== null && scopeMatches(setting, contextOf(request, soFar))),
    // Whom to run as where nobody was named: from then on, and of a user that there is.
    afterTurn: (soFar) => {
      const runAs = soFar.get('runas_default');
      if (typeof runAs === 'string') request = requestAs(runAs) ?? request;
    },
  });
  const answer = request === null ? 'denied' : lookUp(contextOf(request, effective));
  return { answer, said };
}
