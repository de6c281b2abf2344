import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { rowKinds } from '../../matrix-tests/row/row.ts';
import { places } from '../../matrix-tests/row/check-place.ts';
import { reportForms } from '../../matrix-tests/report/write-report.ts';
import { addBaseCommands } from '../../src/cli/program-base.ts';
import { addMatrixCommands } from '../../src/cli/program-matrix.ts';
import { sudoInstalls } from '../../base-images/index.ts';

/** Help loads no room, and so says again what the rooms know: in the same words. */
describe('options of the command line', () => {
  const program = new Command();
  addMatrixCommands(program, async () => {});
  addBaseCommands(program, async () => {});
  const optionOf = (command: string, name: string) =>
    command
      .split(' ')
      .reduce<Command | undefined>(
        (at, word) => at?.commands.find((one) => one.name() === word),
        program,
      )
      ?.options.find(({ long }) => long === `--${name}`);

  it('have the rows, places and reports that there are', () => {
    const rows = optionOf('matrix run', 'rows')?.defaultValue as readonly string[];
    expect(rows.toSorted()).toEqual([...rowKinds].toSorted());
    expect(optionOf('matrix run', 'on')?.defaultValue).toEqual(places);
    expect(optionOf('matrix run', 'report')?.argChoices).toEqual(reportForms);
    expect(optionOf('base reconstruct', 'sudo')?.argChoices).toEqual(sudoInstalls);
    const on = optionOf('base check', 'on');
    expect(on?.parseArg?.(places.join(','), undefined)).toEqual(places);
  });
});
