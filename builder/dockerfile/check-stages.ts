import type { CopyInstruction } from './instruction.ts';
import type { Stage } from './parsed-dockerfile.ts';
import { InstructionFault } from './problems.ts';
import { resolveCopyFrom } from './stage-reference.ts';

/** What is wrong between the stages of a file: two of one name, a copy from one that is not finished. */
export function findStageFaults(
  stages: readonly Stage[],
): { fault: InstructionFault; instruction: Stage['from'] | CopyInstruction }[] {
  return stages.flatMap((stage) => [
    ...duplicateFaults(stage, stages),
    ...stage.instructions.flatMap((instruction) => {
      const fault = instruction.kind === 'copy' ? copyFault(instruction, stage, stages) : undefined;
      return fault === undefined || instruction.kind !== 'copy' ? [] : [{ fault, instruction }];
    }),
  ]);
}

function duplicateFaults(
  stage: Stage,
  stages: readonly Stage[],
): { fault: InstructionFault; instruction: Stage['from'] }[] {
  const first = stages.find(({ name }) => name === stage.name);
  if (stage.name === undefined || first === undefined || first === stage) return [];
  const line = first.from.range.firstLine;
  const message = `a second stage has the name ${stage.name}; the first is on line ${line}`;
  const hint = 'Give each stage a name of its own.';
  return [{ fault: new InstructionFault(message, { hint }), instruction: stage.from }];
}

function copyFault(
  instruction: CopyInstruction,
  stage: Stage,
  stages: readonly Stage[],
): InstructionFault | undefined {
  if (instruction.from === undefined) return undefined;
  const found = resolveCopyFrom(instruction.from, stages, stage.index);
  const place = { flag: 'from' } as const;
  if (found.kind === 'no-such-index') {
    return new InstructionFault(
      `COPY --from=${instruction.from}: there is no stage of that number`,
      {
        hint: 'Stages are counted from 0; only earlier ones can be copied from.',
        place,
      },
    );
  }
  if (found.kind === 'image' && found.reference === 'scratch') {
    return new InstructionFault('COPY --from=scratch has nothing to copy: scratch is empty', {
      hint: 'Name an earlier stage or an image.',
      place,
    });
  }
  if (found.kind !== 'unfinished') return undefined;
  if (found.index === stage.index) {
    return new InstructionFault(`COPY --from=${instruction.from} names the stage it stands in`, {
      hint: 'Copy from an earlier stage, or use RUN cp within this one.',
      place,
    });
  }
  const line = stages[found.index]?.from.range.firstLine ?? 0;
  return new InstructionFault(
    `COPY --from=${instruction.from} names a stage that begins later, on line ${line}`,
    { hint: 'Move that stage before this one.', place },
  );
}
