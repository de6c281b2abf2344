import type { BytePath } from '../../../src/index.ts';

export { includesIn, sudoersDirectory, sudoersPath } from '../../sudoers/includes.ts';
export { lineAt } from '../../sudoers/mend.ts';

export function withoutSlash(path: BytePath): BytePath {
  return path.replace(/^\/+/, '');
}
