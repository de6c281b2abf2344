/** `as-in-image`: as it is published; the others have the package sudo, with what it recommends or without. */
export const sudoInstalls = ['as-in-image', 'installed', 'without-recommends'] as const;

export type SudoInstall = (typeof sudoInstalls)[number];
