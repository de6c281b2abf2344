/** The part of @pnpm/npm-conf that is used here; the package has no types of its own. */
declare module '@pnpm/npm-conf' {
  interface NpmConf {
    readonly config: {
      /** npm's defaults. */
      readonly root: Readonly<Record<string, unknown>>;
      get(key: string): unknown;
    };
  }
  export default function npmConf(options?: Readonly<Record<string, unknown>>): NpmConf;
}
