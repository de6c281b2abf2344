import type { OriginState } from '../upstream/upstream.ts';
import type { CacheFacts, MeasuredNow, ServingMetrics } from './observe/serving-metrics.ts';
import type { Totals } from './observe/totals.ts';
import type { OwnPages } from './own-pages.ts';
import type { ServerGround } from './start-server.ts';

export interface MeasuredPagesOptions {
  /** The command that asks for the status. */
  readonly command: string;
  readonly server: ServerGround['server'];
  readonly origins: () => readonly OriginState[];
  readonly cacheFacts: () => CacheFacts;
  readonly totals: Totals;
  readonly metrics: ServingMetrics;
  readonly nowMs: () => number;
  /** What it says of its health besides. */
  readonly health?: object;
  readonly status: (facts: StatusBasis) => Promise<object>;
}

/** What the status of every server begins with. */
export interface StatusBasis extends MeasuredNow {
  readonly startedAtMs: number;
  readonly nowMs: number;
  readonly totals: Totals;
}

/** The pages of a server that pulls through, from what is measured when somebody asks. It counts as started now. */
export function measuredPages(options: MeasuredPagesOptions): OwnPages {
  const { command, totals, metrics, nowMs, health, status } = options;
  const startedAtMs = nowMs();
  const measured = async (): Promise<MeasuredNow> => ({
    origins: options.origins(),
    connections: (await options.server()?.connections()) ?? 0,
    cache: options.cacheFacts(),
  });
  return {
    command,
    health: () => ({ status: 'ok', startedAtMs, ...health }),
    status: async () => status({ ...(await measured()), startedAtMs, nowMs: nowMs(), totals }),
    metrics: async () => metrics.render(await measured()),
  };
}
