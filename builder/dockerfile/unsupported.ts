import type { AddInstruction, CopyInstruction, StageInstruction } from './instruction.ts';
import { type FaultPlace, InstructionFault } from './problems.ts';

/** What Docker offers and this builder does not; each by the name that the file has it under. */
export function unsupportedFeatures(instruction: StageInstruction): InstructionFault[] {
  switch (instruction.kind) {
    case 'run':
      return instruction.flags.map((flag) => {
        const name = flag.replace(/^--/, '').split('=', 1)[0] ?? '';
        return refusal(`RUN --${name}`, runHints[name], { flag: name });
      });
    case 'copy':
      return copyFeatures(instruction);
    case 'add':
      return addFeatures(instruction);
    default:
      return [];
  }
}

/** Where ADD would have to fetch its source; undefined for a path. */
export function remoteSourceFault(source: string): InstructionFault | undefined {
  const git = /^git@|^(?:git|ssh):\/\/|^https?:\/\/[^?#]*\.git(?:[#?]|$)|^github\.com\//.test(
    source,
  );
  if (git) {
    return refusal(
      `ADD from a git repository (${shorten(source)})`,
      'Clone it into the context first.',
    );
  }
  if (!/^https?:\/\//.test(source)) return undefined;
  const hint = 'Download it in a RUN, or put the file into the context.';
  return refusal(`ADD from a URL (${shorten(source)})`, hint);
}

/** The frontends whose language is the one read here: docker/dockerfile and copies of it in other registries. */
export function syntaxFault(syntax: string | undefined): InstructionFault | undefined {
  if (syntax === undefined) return undefined;
  const name = syntax.replace(/@.*$/, '').replace(/:[^/]*$/, '');
  if (/(?:^|\/)docker\/dockerfile(?:-upstream)?$/.test(name) || name === 'dockerfile.v0')
    return undefined;
  if (/\/dockerfile(?:-upstream)?$/.test(name)) return undefined;
  return refusal(`the frontend image ${shorten(syntax)}`, 'Take the line # syntax= out.');
}

const runHints: Readonly<Record<string, string>> = {
  mount: 'Leave the mount out: caches only save time, and what a bind mount shows can be copied.',
  network: 'Leave the flag out.',
  security: 'Leave the flag out.',
  device: 'Leave the flag out.',
};

function copyFeatures(instruction: CopyInstruction): InstructionFault[] {
  return [
    ...(instruction.parents
      ? [refusal('COPY --parents', 'Copy the directories one by one.', { flag: 'parents' })]
      : []),
    ...excludeFeatures(instruction),
  ];
}

function addFeatures(instruction: AddInstruction): InstructionFault[] {
  const { checksum, keepGitDir, unpack } = instruction;
  const used: readonly (readonly [string, string])[] = [
    ...(checksum === undefined ? [] : [['checksum', 'Check the file in a RUN.'] as const]),
    ...(keepGitDir === undefined ? [] : [['keep-git-dir', 'Leave the flag out.'] as const]),
    ...(unpack === undefined
      ? []
      : [
          ['unpack', 'Use COPY for an archive that stays packed; ADD unpacks local ones.'] as const,
        ]),
  ];
  return [
    ...used.map(([flag, hint]) => refusal(`ADD --${flag}`, hint, { flag })),
    ...excludeFeatures(instruction),
    ...instruction.sources.flatMap((source) => remoteSourceFault(source) ?? []),
  ];
}

function excludeFeatures(instruction: AddInstruction | CopyInstruction): InstructionFault[] {
  if (instruction.excludes.length === 0) return [];
  const keyword = instruction.kind.toUpperCase();
  const hint = 'Put the pattern into .dockerignore, or remove the files in a RUN.';
  return [refusal(`${keyword} --exclude`, hint, { flag: 'exclude' })];
}

function refusal(feature: string, hint: string | undefined, place?: FaultPlace): InstructionFault {
  return new InstructionFault(`${feature} is not supported`, {
    code: 'dockerfile_unsupported',
    hint,
    ...(place === undefined ? {} : { place }),
  });
}

/** URLs can hold passwords. */
function shorten(text: string): string {
  const shown = text.replace(/\/\/[^/@]*@/, '//');
  return shown.length > 100 ? `${shown.slice(0, 100)}...` : shown;
}
