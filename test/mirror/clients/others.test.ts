import { describeClient } from './client-suite.ts';
import { startAshlarMirror } from './ashlar-mirror.ts';

for (const id of ['pnpm8', 'pnpm10', 'pnpm12', 'yarn1', 'yarn4', 'bun'] as const) {
  await describeClient(id, startAshlarMirror);
}
