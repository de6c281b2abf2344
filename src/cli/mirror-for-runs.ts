import type { NpmMirror } from '../../builder/index.ts';
import type { CommandContext } from './command-context.ts';

export interface MirrorForRunsOptions {
  /** Certificates that steps trust besides; those of an inspecting proxy, for what does not come through the mirror. */
  readonly caFile: string | undefined;
  /** Told of a mirror that was named and is not there. */
  readonly warn: (message: string) => void;
}

/** Finds the npm mirror that RUN steps are led to; null for none. */
export function mirrorForRuns(
  context: CommandContext,
  { caFile, warn }: MirrorForRunsOptions,
): () => Promise<NpmMirror | null> {
  return async () => {
    // Loaded only here, as it brings an HTTP client: most builds have all steps in the store.
    const { findMirror } = await import('./find-mirror.ts');
    const search = await findMirror(context);
    if (search.kind === 'silent')
      warn(`the npm mirror at ${search.url} is done without: ${search.problem} (ASHLAR_MIRROR)`);
    if (search.kind !== 'found') return null;
    const { server } = search;
    if (caFile === undefined || caFile === '') return server;
    const { readCertificates } = await import('./read-certificates.ts');
    const besides = await readCertificates(caFile, '--ca-file or ASHLAR_BUILD_CA');
    return { ...server, certificates: [...server.certificates, ...besides] };
  };
}
