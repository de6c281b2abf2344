import { createHash } from 'node:crypto';
import { type RootFile, UnreadableFile } from '../../src/network.ts';
import { findSetting, type FoundSetting, quoteValue } from './find-setting.ts';
import { type SettingPlace, settingPlaces, variables } from './setting-places.ts';
import type { TrustPart, TrustProblem } from './trust-client.ts';
import { readCertificates, type TrustContext } from './trust-context.ts';
import { bundlePath, trustDirectory } from './trust-record.ts';

/**
 * Settings that name a file of certificates. Such a file stands in the place of all others, so one without the mirror's
 * keeps its client from the mirror. It is not touched itself: the setting gets a bundle of what it held and the mirror's,
 * for this setting alone, so that what one user trusts is not trusted by others.
 */
export async function settingParts(context: TrustContext): Promise<readonly TrustPart[]> {
  const parts: TrustPart[] = [];
  for (const place of await settingPlaces(context))
    parts.push(...(await partsOfPlace(context, place)));
  for (const [name, clients] of Object.entries(variables)) {
    const path = context.session?.env[name];
    if (path === undefined || path === '') continue;
    const problem = await variableProblem(context, name, path);
    parts.push({ clients, path: `$${name}`, isRight: problem === null, change: null, problem });
  }
  return parts;
}

async function partsOfPlace(
  context: TrustContext,
  place: SettingPlace,
): Promise<readonly TrustPart[]> {
  const { clients, path } = place;
  const wrong = (problem: TrustProblem): TrustPart[] => [
    { clients, path, isRight: false, change: null, problem },
  ];
  const read = await readSettings(context, place);
  if (read === null) return [];
  if ('kind' in read) return wrong(read);
  const found = findSetting(place.format, read.text, place.key);
  if (found === null) return [];
  if ('reason' in found) return wrong({ kind: 'unclear', words: found.reason });
  const named = absolute(found.value, place);
  if (named === null) {
    const words = `names ${found.value}, which is another file in every directory`;
    return wrong({ kind: 'unclear', words });
  }
  const right: TrustPart = { clients, path, isRight: true, change: null, problem: null };
  if (named === bundlePath) return [right];
  const held = await readCertificates(context.files, named);
  const bundled = context.record.bundles[named];
  if (!('kind' in held) && holds(held, context.certificates) && bundled === undefined)
    return [right];
  if (place.owner === 'project')
    return 'kind' in held || !holds(held, context.certificates)
      ? wrong(forProject(place))
      : [right];
  const source = bundled ?? named;
  const before = bundled === undefined ? held : await readCertificates(context.files, source);
  if ('kind' in before) return wrong(before);
  return valueParts(context, place, { source, held: before, found, text: read.text });
}

function forProject({ key }: SettingPlace): TrustProblem {
  const words = `belongs to a project: let ${key} name ${bundlePath}, or take it out`;
  return { kind: 'theirs', words };
}

interface SettingNow {
  readonly source: string;
  readonly held: readonly string[];
  readonly found: FoundSetting;
  readonly text: string;
}

/** The bundle, and the setting that names it. */
async function valueParts(
  context: TrustContext,
  place: SettingPlace,
  { source, held, found, text }: SettingNow,
): Promise<readonly TrustPart[]> {
  const { clients, path, format, key } = place;
  const bundle = bundleFor(source);
  const wanted = [...new Set([...held, ...context.certificates])].join('');
  const present = (await context.files.read(bundle, wanted.length * 2 + 1024))?.text;
  const what = `the certificates of ${source} and the mirror's`;
  const bundlePart: TrustPart = {
    clients,
    path: bundle,
    isRight: present === wanted,
    change: present === wanted ? null : { kind: 'file', what, text: wanted, source },
    problem: null,
  };
  const before = text.slice(found.start, found.end);
  const after = quoteValue(format, bundle);
  const isNamed = found.value === bundle;
  return [
    bundlePart,
    {
      clients,
      path,
      isRight: isNamed,
      change: isNamed
        ? null
        : {
            kind: 'value',
            what: `${key}: ${bundle} instead of ${source}`,
            format,
            key,
            before,
            after,
          },
      problem: null,
    },
  ];
}

function bundleFor(source: string): string {
  const name = createHash('sha256').update(source).digest('hex').slice(0, 16);
  return `${trustDirectory}/bundle-${name}.pem`;
}

async function readSettings(
  { files }: TrustContext,
  { path, owner }: SettingPlace,
): Promise<RootFile | TrustProblem | null> {
  try {
    const file = await files.read(path);
    if (file === null || typeof owner === 'string' || file.uid === owner.uid) return file;
    // A link in a home may lead to files that are not its user's to have changed.
    return {
      kind: 'unclear',
      words: `belongs to the user ${file.uid}, and the home it is in to ${owner.uid}`,
    };
  } catch (error) {
    if (!(error instanceof UnreadableFile)) throw error;
    return { kind: 'unclear', words: error.words };
  }
}

async function variableProblem(
  { files, certificates }: TrustContext,
  name: string,
  path: string,
): Promise<TrustProblem | null> {
  const held = await readCertificates(files, path);
  if ('kind' in held) return held;
  if (holds(held, certificates)) return null;
  const words = `of this session names ${path}, without the mirror's certificates: begin a new session, or set ${name} to ${bundlePath} where it is set`;
  return { kind: 'theirs', words };
}

function holds(held: readonly string[], certificates: readonly string[]): boolean {
  return certificates.every((certificate) => held.includes(certificate));
}

/** npm knows `~/`; other paths that are not absolute depend on where it is started. */
function absolute(value: string, { owner }: SettingPlace): string | null {
  if (value.startsWith('/')) return value;
  return value.startsWith('~/') && typeof owner !== 'string' ? owner.path + value.slice(1) : null;
}
