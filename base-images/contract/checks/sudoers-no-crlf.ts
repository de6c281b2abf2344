import { type Check, failed, passed } from '../check.ts';
import { withSudo, withSudoers } from '../concerns.ts';
import { dropInsOf } from '../looking/drop-ins.ts';
import { absolute, shellPath } from '../looking/modes.ts';
import { linesOf, readText } from '../looking/read-text.ts';
import { sudoersPath } from '../looking/sudoers-lines.ts';

export const sudoersNoCrlf: Check = {
  id: 'sudoers-no-crlf',
  title: 'no sudoers file has line ends of Windows',
  why: 'CR LF is a syntax error up to sudo 1.8.21p2, which locks everybody out, and in sudo-rs, which leaves the line out; later sudo takes it, so it is seen only when the base changes.',
  on: 'tree',
  code: 'base_sudoers_broken',
  concerns: [withSudo, withSudoers],
  async look({ files }) {
    const paths = [sudoersPath, ...(await dropInsOf(files)).map(({ path }) => path)];
    for (const path of paths) {
      const index = linesOf((await readText(files, path)) ?? '').findIndex((line) =>
        line.endsWith('\r'),
      );
      if (index === -1) continue;
      return failed(
        `${absolute(path)}:${index + 1}: ends in CR LF`,
        `Give ${absolute(path)} line ends of Unix: RUN sed -i 's/\\r$//' ${shellPath(path)}; with git, \`eol=lf\` in .gitattributes keeps them.`,
        { path, line: index + 1 },
      );
    }
    return passed(`${paths.length} files end their lines with LF`);
  },
};
