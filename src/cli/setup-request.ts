import { readFile, stat } from 'node:fs/promises';
import {
  type CaCertificate,
  checkUid,
  checkUserName,
  maxCaFileBytes,
  readCaFile,
  type SetupOptions,
} from '../../base-images/index.ts';
import { AshlarError, systemErrorCode } from '../errors/ashlar-error.ts';

/** The options of a setup as the command line has them. */
export interface SetupFlags {
  readonly user?: string;
  readonly uid?: string;
  readonly ca?: readonly string[];
  readonly npmRegistry?: string;
  readonly pipIndex?: string;
  readonly dockerMirror?: string;
  readonly aptMirror?: string;
  readonly init?: boolean;
}

/** What is asked of a setup; what Ashlar brings is not known yet. */
export interface SetupRequest {
  readonly options: Omit<SetupOptions, 'guest'>;
  readonly init: 'bring' | 'leave' | 'as-before';
}

/** What a build does where nothing is said. */
export const usualSetup: SetupRequest = { options: {}, init: 'as-before' };

/**
 * Reads the options of a setup, and the files that they name, before anything else is done. Throws `user_name_invalid`,
 * `ca_file_invalid` and `invalid_request`.
 */
export async function readSetupRequest(
  flags: SetupFlags,
  { nowMs }: { readonly nowMs: number },
): Promise<SetupRequest> {
  const { user, uid, init } = flags;
  if (user !== undefined) checkUserName(user);
  const files = flags.ca ?? [];
  const ca = await Promise.all(files.map((file) => readCertificate(file, nowMs)));
  const npmRegistry = parseUrl(flags.npmRegistry, '--npm-registry');
  const pipIndex = parseUrl(flags.pipIndex, '--pip-index');
  const dockerMirror = parseUrl(flags.dockerMirror, '--docker-mirror');
  const aptMirror = parseUrl(flags.aptMirror, '--apt-mirror');
  return {
    options: {
      ...(user === undefined ? {} : { user }),
      ...(uid === undefined ? {} : { uid: parseUid(uid) }),
      ...(ca.length === 0 ? {} : { ca }),
      ...(npmRegistry === undefined ? {} : { npmRegistry }),
      ...(pipIndex === undefined ? {} : { pipIndex }),
      ...(dockerMirror === undefined ? {} : { dockerMirror }),
      ...(aptMirror === undefined ? {} : { aptMirror }),
    },
    init: init === undefined ? 'as-before' : init ? 'bring' : 'leave',
  };
}

function parseUid(text: string): number {
  if (!/^\d{1,20}$/.test(text))
    throw new AshlarError('invalid_request', `--uid ${text} is not a number`, {
      data: { uid: text },
    });
  const uid = Number(text);
  checkUid(uid);
  return uid;
}

/** It comes into files of the image, in which a password would be seen by all. */
function parseUrl(text: string | undefined, option: string): URL | undefined {
  if (text === undefined) return undefined;
  const url = URL.parse(text);
  const isPlain = url !== null && /^https?:$/.test(url.protocol) && !/[\s"'\\]/.test(text);
  if (!isPlain)
    throw new AshlarError('invalid_request', `${option} ${text} is no http or https URL`, {
      data: { url: text },
    });
  if (url.search !== '' || url.hash !== '')
    throw new AshlarError('invalid_request', `${option} ${text} has a query or a fragment`, {
      data: { url: text },
      hint: 'Name the mirror by host and path alone.',
    });
  if (url.username === '' && url.password === '') return url;
  throw new AshlarError('invalid_request', `${option} names a user or password in the URL`, {
    hint: 'It would be in the image, where everybody can read it.',
  });
}

async function readCertificate(file: string, nowMs: number): Promise<CaCertificate> {
  return readCaFile(await readSmallFile(file), { name: file, nowMs });
}

async function readSmallFile(file: string): Promise<Buffer> {
  const invalid = (what: string, cause?: unknown): AshlarError =>
    new AshlarError('ca_file_invalid', `the certificate file ${file} ${what}`, {
      data: { file },
      cause,
    });
  try {
    // A pipe is not waited for.
    const stats = await stat(file);
    if (!stats.isFile()) throw invalid('is not a regular file');
    if (stats.size > maxCaFileBytes)
      throw invalid(`has ${stats.size} bytes; a certificate takes ${maxCaFileBytes} at most`);
    return await readFile(file);
  } catch (error) {
    const code = systemErrorCode(error);
    if (error instanceof AshlarError || code === undefined) throw error;
    throw invalid(`cannot be read (${code})`, error);
  }
}
