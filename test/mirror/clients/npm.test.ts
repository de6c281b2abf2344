import { describeClient } from './client-suite.ts';
import { startAshlarMirror } from './ashlar-mirror.ts';

for (const id of ['npm6', 'npm8', 'npm10', 'npm11', 'npm12'] as const) {
  await describeClient(id, startAshlarMirror);
}
