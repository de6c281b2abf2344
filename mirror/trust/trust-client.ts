import type { SettingsFormat } from './find-setting.ts';

/** Programs that have to trust the mirror's authority, each in its own way. `berry` is yarn from version 2 on. */
export const trustClients = ['system', 'node', 'npm', 'pnpm', 'yarn', 'berry', 'bun'] as const;
export type TrustClient = (typeof trustClients)[number];

/** What reads NODE_EXTRA_CA_CERTS. */
export const nodeClients: readonly TrustClient[] = ['node', 'npm', 'pnpm', 'yarn', 'berry', 'bun'];
/** What reads npm's configuration files; berry does not. */
export const npmrcClients: readonly TrustClient[] = ['npm', 'pnpm', 'yarn', 'bun'];

/** The programs by which a client is known to be installed. */
export const programsOf: Readonly<Record<Exclude<TrustClient, 'system'>, readonly string[]>> = {
  node: ['node', 'nodejs'],
  npm: ['npm'],
  pnpm: ['pnpm'],
  yarn: ['yarn', 'yarnpkg'],
  berry: ['yarn', 'yarnpkg'],
  bun: ['bun'],
};

export type TrustState = 'trusts' | 'does-not-trust' | 'not-installed' | 'cannot-tell';

/** Something on which a client's trust depends. */
export interface TrustPart {
  readonly clients: readonly TrustClient[];
  /** A file as it is seen inside the root, or a variable of this session with a dollar sign. */
  readonly path: string;
  /** Whether it does its part now. */
  readonly isRight: boolean;
  /** What has to be done for it, or is good to do; null when there is nothing. */
  readonly change: TrustChange | null;
  /** Why it is left alone though it is not right. */
  readonly problem: TrustProblem | null;
}

export interface TrustProblem {
  /** `unclear`: what it says cannot be read safely. `theirs`: it is for somebody else to change. */
  readonly kind: 'unclear' | 'theirs';
  /** To be put behind its name. */
  readonly words: string;
}

export type TrustChange = { readonly what: string } &
  /** `source` is the file that a bundle has certificates of besides the mirror's. */
  (
    | { readonly kind: 'file'; readonly text: string; readonly source?: string }
    | { readonly kind: 'remove' }
    | { readonly kind: 'link'; readonly target: string }
    /** Puts `after` in the place of `before`, a value in somebody's file. */
    | {
        readonly kind: 'value';
        readonly format: SettingsFormat;
        readonly key: string;
        readonly before: string;
        readonly after: string;
      }
    /** Adds pieces to the end of somebody's file, and takes out others that were added before. */
    | {
        readonly kind: 'pieces';
        readonly add: readonly string[];
        readonly remove: readonly string[];
      }
    /** Runs the program that makes the system's store from its parts. */
    | { readonly kind: 'tool'; readonly program: string }
  );
