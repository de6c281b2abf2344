import { type SudoEngine, isAtLeast } from '../../../base-images/sudoers/engine.ts';
import type { Difference } from './compare.ts';
import type { Setup } from './setup.ts';

interface Fault {
  readonly name: string;
  /** First version without the fault; null where none is known. */
  readonly until: string | null;
  readonly since?: string;
  /** Makes both texts alike where the fault alone sets them apart. */
  normalise(text: string, setup: Setup): string;
}

/** Faults of real builds, each of which the judge leaves out on purpose. */
const classicFaults: readonly Fault[] = [
  {
    name: 'prints memory that it never wrote for the name of a file in an included directory (Debian’s open_sudoers patch)',
    since: '1.9.16',
    until: null,
    normalise: (text) =>
      text.replace(/^sudo: .*\n?.* is (owned by|world writable)/gm, 'sudo: NAME is $1'),
  },
  {
    name: 'prints the error of some earlier call for what is no comment',
    since: '1.9.6',
    until: null,
    normalise: (text) =>
      text.replace(/(:\d+:\d+: )(?:Success|Inappropriate ioctl for device)$/gm, '$1ERROR'),
  },
  {
    name: 'prints the name of a doubled alias after it has been freed',
    until: '1.9.6',
    normalise: (text) =>
      text.replace(/: Alias "[^]*?" already defined/g, ': Alias "NAME" already defined'),
  },
  {
    name: 'takes the error of some earlier call for a cycle of aliases, where none is defined at all',
    until: null,
    normalise: (text, setup) =>
      filesReadIn(text, setup).some((content) => /_Alias/.test(content))
        ? text
        : text.replace(
            /(?:cycle in (\w+_Alias "\w+")|(\w+_Alias "\w+") referenced but not defined)$/gm,
            'UNDEFINED $1$2',
          ),
  },
  {
    name: 'prints what lies in memory after a last line without newline',
    until: '1.9.6',
    normalise: (text, setup) => {
      const unended = Object.values(setup.files).some(
        ({ content = '' }) => !String(content).endsWith('\n'),
      );
      return unended
        ? text
            .split('\n')
            .filter((line) => /:\d+:\d+: |^sudo: /.test(line))
            .join('\n')
        : text;
    },
  },
];

/** The texts of the files that visudo says are right. */
function filesReadIn(text: string, { files }: Setup): string[] {
  const paths = [...text.matchAll(/^\/etc\/(.*): parsed OK$/gm)].map(([, path = '']) => path);
  return paths.map((path) => String(files[path]?.content ?? '_Alias'));
}

/** Which fault of the build itself explains the difference; null where none does. */
export function knownFault(
  engine: SudoEngine,
  setup: Setup,
  difference: Difference,
): string | null {
  if (engine.provider !== 'sudo' || !difference.what.endsWith('text')) return null;
  const { version } = engine;
  const faults = classicFaults.filter(
    ({ since = '0', until }) =>
      isAtLeast(version, since) && (until === null || !isAtLeast(version, until)),
  );
  let [judged, real] = [withoutAnswer(difference.judged), withoutAnswer(difference.real)];
  const names: string[] = [];
  for (const { name, normalise } of faults) {
    const next = [normalise(judged, setup), normalise(real, setup)] as const;
    if (next[0] !== judged || next[1] !== real) names.push(name);
    [judged, real] = next;
  }
  return judged === real && names.length > 0 ? names.join('; ') : null;
}

/** Where the texts differ, the answer to the call has not been cut off. */
function withoutAnswer(text: string): string {
  return text
    .split('\n')
    .filter(
      (line) =>
        !/^sudo: a password is required$|^sudo: sorry, you must have a tty to run sudo$|^Sorry, user|is not (?:in the sudoers file|allowed to run sudo on)/.test(
          line,
        ),
    )
    .join('\n');
}
