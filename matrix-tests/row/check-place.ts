/** What checks may look at, as `ashlar base check --on` takes it. */
export const places = ['tree', 'container', 'boot'] as const;

export type CheckPlace = (typeof places)[number];
