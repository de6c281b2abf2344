import { rootsFile } from '../draft.ts';
import { Obstacle } from '../obstacle.ts';
import type { StepContext } from '../step-context.ts';
import { bytesOf, readText } from '../text-file.ts';

const step = 'docker-mirror';
const daemonPath = 'etc/docker/daemon.json';
const containersPath = 'etc/containers/registries.conf.d/zz-ashlar.conf';

/** Where docker, and where podman and its relatives look first for images of Docker Hub. */
export async function planDockerMirror({ options, draft }: StepContext): Promise<void> {
  const { dockerMirror } = options;
  if (dockerMirror === undefined) return;
  const why = `images of Docker Hub come from ${dockerMirror.href}`;
  const daemon = withMirror(await readText(draft, daemonPath), dockerMirror);
  await draft.editFile(daemonPath, bytesOf(daemon), rootsFile, { step, why });
  const containers = registriesConf(dockerMirror);
  await draft.placeFile(containersPath, bytesOf(containers), rootsFile, { step, why });
}

function withMirror(text: string | null, mirror: URL): string {
  const settings = text === null || text.trim() === '' ? {} : parsed(text);
  const known: unknown = settings['registry-mirrors'];
  const others = Array.isArray(known) ? known.filter((other) => other !== mirror.href) : [];
  // What stands there already in this order stays as its author wrote it.
  if (text !== null && Array.isArray(known) && known[0] === mirror.href) return text;
  return written({ ...settings, 'registry-mirrors': [mirror.href, ...others] });
}

function parsed(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw noSettings();
    return { ...value };
  } catch (error) {
    throw error instanceof SyntaxError ? noSettings() : error;
  }
}

/** JSON of thousands of levels can be read and not be written. */
function written(settings: Record<string, unknown>): string {
  try {
    return `${JSON.stringify(settings, null, 2)}\n`;
  } catch (error) {
    throw error instanceof RangeError ? noSettings() : error;
  }
}

function noSettings(): Obstacle {
  return new Obstacle(`/${daemonPath} of the image holds no JSON object of settings`, {
    of: 'file',
    path: daemonPath,
    hint: 'Mend the file, or remove it in an earlier step.',
  });
}

/** containers-registries.conf.d(5), version 2. */
function registriesConf(mirror: URL): string {
  const location = `${mirror.host}${mirror.pathname.replace(/\/$/, '')}`;
  return `[[registry]]
prefix = "docker.io"
location = "docker.io"

[[registry.mirror]]
location = "${location}"
insecure = ${mirror.protocol === 'http:'}
`;
}
