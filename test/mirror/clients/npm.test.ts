import { describeClient } from './client-suite.ts';
import { startStandIn } from './stand-in.ts';

for (const id of ['npm6', 'npm8', 'npm10', 'npm11', 'npm12'] as const) {
  await describeClient(id, startStandIn);
}
