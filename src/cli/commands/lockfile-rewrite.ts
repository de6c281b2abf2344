import {
  checkLockfile,
  type FindingReason,
  homeRegistries,
  type LeftUrl,
  type Lockfile,
  lockfileKindNames,
  type LockfileRule,
  type MirrorAddress,
  parseMirrorAddress,
  parseRegistryAddress,
  readLockfile,
  readLockfileFile,
  type LockfileFile,
  type RegistryAddress,
  replaceLockfileFile,
  requireApart,
  rewriteLockfile,
} from '../../../mirror/index.ts';
import type { CommandContext } from '../command-context.ts';
import type { FinishedCommand } from '../common-options.ts';

export type LockfileMode = 'to-mirror' | 'to-registry' | 'check';

export interface LockfileRewriteOptions {
  readonly files: readonly string[];
  readonly mode: LockfileMode;
  readonly write: 'yes' | 'no';
  readonly mirror: string | undefined;
  readonly registries: readonly string[];
}

const defaultMirror = 'http://localhost:4873/';

/** `ashlar lockfile rewrite`: all files are read before one is written. */
export async function lockfileRewrite(
  context: CommandContext,
  options: LockfileRewriteOptions,
): Promise<FinishedCommand> {
  const mirror = parseMirrorAddress(options.mirror ?? defaultMirror, '--mirror');
  const registries = [...new Set(Object.values(homeRegistries())), ...options.registries].map(
    (url) => parseRegistryAddress(url, '--registry'),
  );
  if (options.mode !== 'check') requireApart(mirror, registries);
  const files = await readFiles(options.files);
  if (options.mode === 'check') {
    const rule: LockfileRule =
      options.mirror === undefined ? { type: 'public', registries } : { type: 'mirrored', mirror };
    return checkFiles(files, rule);
  }
  return rewriteFiles(context, files, { ...options, mode: options.mode, mirror, registries });
}

interface OpenLockfile {
  readonly file: LockfileFile;
  readonly lockfile: Lockfile;
}

/** One file by two names is read once. */
async function readFiles(paths: readonly string[]): Promise<OpenLockfile[]> {
  const opened = new Map<string, OpenLockfile>();
  for (const path of paths) {
    const file = await readLockfileFile(path);
    if (opened.has(file.identity)) continue;
    opened.set(file.identity, { file, lockfile: readLockfile(file.text, path) });
  }
  return [...opened.values()];
}

function checkFiles(files: readonly OpenLockfile[], rule: LockfileRule): FinishedCommand {
  const checked = files.map(({ lockfile }) => ({
    ...factsOf(lockfile),
    findings: checkLockfile(lockfile, rule).map((finding) => ({ ...finding })),
  }));
  const lines = checked.flatMap(({ path, findings, urls }) => [
    ...findings.map((found) => lineOf(path, found, findingWords[found.reason])),
    findings.length === 0
      ? `${printable(path)}: good${urls === 0 ? '; it has no URLs' : ''}`
      : `${printable(path)}: ${findings.length} of ${urls} URLs ${ruleWords[rule.type]}`,
  ]);
  const isGood = checked.every(({ findings }) => findings.length === 0);
  return {
    json: { ok: isGood, rule: rule.type, files: checked },
    text: [...lines, ...(isGood ? [] : [nextStep(rule)])].join('\n'),
    exitCode: isGood ? 0 : 1,
  };
}

function nextStep(rule: LockfileRule): string {
  if (rule.type === 'mirrored')
    return `next: \`ashlar lockfile rewrite --mirror ${rule.mirror.prefix}/ FILE\` points them to the mirror`;
  return 'next: `ashlar lockfile rewrite --restore FILE` (with the --mirror that it was rewritten for) takes a mirror out; --registry URL allows a registry of yours';
}

interface RewritePlan {
  readonly mode: 'to-mirror' | 'to-registry';
  readonly write: 'yes' | 'no';
  readonly mirror: MirrorAddress;
  readonly registries: readonly RegistryAddress[];
}

async function rewriteFiles(
  { terminal, form, signal }: CommandContext,
  files: readonly OpenLockfile[],
  plan: RewritePlan,
): Promise<FinishedCommand> {
  const { mode: direction, mirror, registries } = plan;
  const homes = homeRegistries();
  const rewrites = files.map(({ file, lockfile }) => ({
    file,
    lockfile,
    ...rewriteLockfile(lockfile, { mirror, registries, homes, direction }),
  }));
  for (const { file, text, changedUrls } of rewrites) {
    signal.throwIfAborted();
    if (plan.write === 'yes' && changedUrls > 0) await replaceLockfileFile(file, text);
  }
  if (form === 'text') {
    const warnings = rewrites.flatMap(({ lockfile, leftAlone }) =>
      leftAlone.map((left) => `warning: ${lineOf(lockfile.name, left, leftWords[left.reason])}\n`),
    );
    terminal.stderr.write(warnings.join(''));
  }
  const shown = rewrites.map(({ lockfile, changedUrls, leftAlone }) => ({
    ...factsOf(lockfile),
    changed: changedUrls,
    written: plan.write === 'yes' && changedUrls > 0,
    leftAlone: leftAlone.map((left) => ({ ...left })),
  }));
  const lines = rewrites.map(({ lockfile, changedUrls }) => sentence(lockfile, changedUrls, plan));
  return { json: { mirror: `${mirror.prefix}/`, files: shown }, text: lines.join('\n') };
}

function factsOf({ name, kind, version, entries }: Lockfile): {
  path: string;
  kind: string;
  version: string;
  packages: number;
  urls: number;
} {
  const urls = entries.filter(({ url }) => url !== null).length;
  return { path: name, kind, version, packages: entries.length, urls };
}

/** `package-lock.json (npm, version 3): 12 of 14 URLs now point to http://localhost:4873/`. */
function sentence(lockfile: Lockfile, changedUrls: number, plan: RewritePlan): string {
  const { kind, version } = lockfile;
  const { urls, path } = factsOf(lockfile);
  const client = lockfileKindNames[kind];
  const start = `${printable(path)} (${client}, version ${printable(version)})`;
  if (urls === 0) {
    return `${start}: it has no URLs, and needs no change: ${client} asks the registry that it is configured with`;
  }
  const verb = plan.write === 'yes' ? 'now point' : 'would point';
  const target = plan.mode === 'to-mirror' ? `to ${plan.mirror.prefix}/` : 'to their registries';
  return changedUrls === 0
    ? `${start}: nothing to change; its ${urls} URLs stay as they are`
    : `${start}: ${changedUrls} of ${urls} URLs ${verb} ${target}`;
}

/** `yarn.lock:12: once@1.4.0: http://localhost:4873/once/-/once-1.4.0.tgz: why`. */
function lineOf(
  path: string,
  { line, name, version, url }: Omit<LeftUrl, 'reason'>,
  why: string,
): string {
  const label = version === null ? name : `${name}@${version}`;
  return printable(`${path}:${line}: ${label}: ${url}: ${why}`);
}

/** Lockfiles are written by others: nothing in them may steer the terminal. */
function printable(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, '\uFFFD');
}

const ruleWords = {
  public: 'do not come from a registry that is allowed',
  mirrored: 'do not come through the mirror',
} as const;

const problemWords = {
  credentials: 'it holds credentials; it is left alone, and they should be replaced',
  climbs: 'its path climbs with ..; it is left alone',
  spelling: 'it is spelled so that programs may take it for another; it is left alone',
} as const;

const leftWords: Readonly<Record<LeftUrl['reason'], string>> = {
  ...problemWords,
  pinned: 'the project itself names this URL; it is left alone',
};

const findingWords: Readonly<Record<FindingReason, string>> = {
  credentials: 'it holds credentials',
  climbs: 'its path climbs with ..',
  spelling: 'it is spelled so that programs may take it for another',
  mirror: 'it is at a mirror or another private address',
  elsewhere: 'it is at another host',
  protocol: 'it is no http or https URL',
};
