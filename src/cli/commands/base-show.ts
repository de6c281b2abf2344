import {
  detectBase,
  findRelease,
  listFacts,
  loadReleases,
  type NamedFact,
  planSetup,
  type Release,
  reconstructRelease,
  type SetupPlan,
  type Verified,
} from '../../../base-images/index.ts';
import { toDisplay } from '../../bytes/byte-path.ts';
import type { Json } from '../../image/canonical-json.ts';
import { type CommandResult, formatTable } from '../terminal.ts';
import { whatDiffers } from '../what-differs.ts';

const marks: Readonly<Record<Verified, string>> = {
  run: 'run',
  read: 'read',
  no: 'NOT VERIFIED',
};

/** `ashlar base show RELEASE`: what is known of it, from where and how surely, and what a setup does to it. */
export async function baseShow(name: string): Promise<CommandResult> {
  const release = findRelease(await loadReleases(), name);
  const shown: Shown = {
    release,
    differs: whatDiffers(release),
    facts: listFacts(release).map(shownFact),
    asPublished: await planFor(release, 'as-in-image'),
    withSudo: await planFor(release, 'installed'),
  };
  return { json: jsonOf(shown), text: textOf(shown) };
}

interface Shown {
  readonly release: Release;
  readonly differs: readonly string[];
  readonly facts: readonly ShownFact[];
  readonly asPublished: SetupPlan;
  readonly withSudo: SetupPlan;
}

function jsonOf({ release, differs, facts, asPublished, withSudo }: Shown): Json {
  const { id, title, support } = release;
  return {
    release: id,
    title,
    support: { state: support.state, asOf: support.asOf },
    differs: [...differs],
    facts: facts.map(({ name, json, verified, source }) => ({
      name,
      value: json,
      verified,
      source,
    })),
    setup: planJson(asPublished),
    setupWithSudo: planJson(withSudo),
  };
}

function textOf({ release, differs, facts, asPublished, withSudo }: Shown): string {
  const { id, title, support } = release;
  const sections = Map.groupBy(facts, ({ name }) => name.split('.')[0] ?? '');
  return [
    `${title} (${id}): ${support.state}, as of ${support.asOf}`,
    `differs: ${differs.length === 0 ? 'nothing that one would not expect' : differs.join('; ')}`,
    ...[...sections].flatMap(([section, inSection]) => sectionText(section, inSection)),
    '',
    'what a setup does to the image as it is published (seen on a tree made of these facts):',
    indent(planText(asPublished)),
    '',
    'and where the package sudo was installed:',
    indent(planText(withSudo)),
  ].join('\n');
}

function sectionText(section: string, facts: readonly ShownFact[]): readonly string[] {
  const rows = facts.map(({ name, value, verified, source }) => [
    plainWords(name.slice(section.length + 1)),
    cut(value),
    marks[verified],
    source,
  ]);
  return ['', `${section}:`, indent(formatTable(rows))];
}

interface ShownFact {
  readonly name: string;
  readonly value: string;
  readonly json: Json;
  readonly verified: Verified;
  readonly source: string;
}

function shownFact({ name, fact, whenNull }: NamedFact): ShownFact {
  const { value, verified, source } = fact;
  const shown = value === null ? whenNull.replace('-', ' ') : words(value);
  return { name, value: shown, json: value as Json, verified, source };
}

/** Of an object's members those that have a value. */
function words(value: unknown): string {
  if (value === true) return 'yes';
  if (value === false) return 'no';
  if (Array.isArray(value)) return value.length === 0 ? 'none' : value.map(words).join(' ');
  if (value !== null && typeof value === 'object')
    return Object.entries(value)
      .filter(([, inner]) => inner !== null)
      .map(([key, inner]) => `${key} ${words(inner)}`)
      .join(', ');
  return typeof value === 'string' ? value : JSON.stringify(value);
}

async function planFor(release: Release, sudo: 'as-in-image' | 'installed'): Promise<SetupPlan> {
  const files = reconstructRelease(release, { sudo });
  const facts = await detectBase(files);
  const architecture = facts.architecture?.name ?? 'amd64';
  // What is brought is only named here.
  const guest = { busybox: Buffer.from('busybox'), architecture, command: null };
  return planSetup({ files, facts, options: { guest } });
}

function planJson({ changes, notes, refusals }: SetupPlan): Json {
  return {
    changes: changes.map(({ path, kind, step, why }) => ({
      path: `/${toDisplay(path)}`,
      kind,
      step,
      why,
    })),
    notes: notes.map((note) => ({ ...note })),
    refusals: refusals.map(({ step, message, hint }) => ({ step, message, hint })),
  };
}

function planText({ changes, notes, refusals }: SetupPlan): string {
  const rows = [
    ...changes.map(({ path, kind, step, why }) => [step, kind, `/${toDisplay(path)}`, why]),
    ...notes.map(({ step, kind, what, why }) => [step, kind, what, why]),
    ...refusals.map(({ step, message, hint }) => [step, 'REFUSED', message, hint]),
  ];
  return formatTable(rows);
}

/** `versionInOsRelease` is `version in os release`; what is only numbered has no name. */
function plainWords(name: string): string {
  if (/^\d+$/.test(name)) return '-';
  return name.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

const shownCharacters = 90;

function cut(text: string): string {
  return text.length > shownCharacters ? `${text.slice(0, shownCharacters - 3)}...` : text;
}

function indent(text: string): string {
  return text.replaceAll(/^(?=.)/gm, '  ');
}
