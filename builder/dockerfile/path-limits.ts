import { InstructionFault } from './problems.ts';

/** PATH_MAX of Linux without its NUL: what lies deeper can be reached by no absolute path. */
export const maxPathBytes = 4095;
/** NAME_MAX of Linux, and of ext4. */
const maxNameBytes = 255;

/** Throws InstructionFault for an absolute path of an instruction that no program in the image could name. */
export function checkPathLimits(keyword: string, path: string): void {
  const sizeBytes = Buffer.byteLength(path, 'utf8');
  if (sizeBytes > maxPathBytes) {
    throw new InstructionFault(
      `the path of ${keyword} has ${sizeBytes} bytes; a path can have ${maxPathBytes}`,
      { hint: 'Name a shorter path.' },
    );
  }
  const name = path.split('/').find((part) => Buffer.byteLength(part, 'utf8') > maxNameBytes);
  if (name !== undefined) {
    throw new InstructionFault(
      `the path of ${keyword} has a name of ${Buffer.byteLength(name, 'utf8')} bytes; a name can have ${maxNameBytes}`,
      { hint: 'Name a shorter path.' },
    );
  }
}
