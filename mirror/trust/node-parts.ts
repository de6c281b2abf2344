import { UnreadableFile } from '../../src/network.ts';
import { findSetting } from './find-setting.ts';
import { holdsAll } from './pem-certificates.ts';
import { environmentFiles, nodeVariable, ownProfile, ownUserServices } from './setting-places.ts';
import { nodeClients, type TrustPart } from './trust-client.ts';
import { readSystemRoots, type TrustContext } from './trust-context.ts';
import { bundlePath } from './trust-record.ts';

const ownSystemServices = '/etc/systemd/system.conf.d/60-ashlar-trust.conf';

/**
 * What makes Node.js and all that is made with it trust the mirror: a bundle, and NODE_EXTRA_CA_CERTS wherever programs
 * get their environment from: PAM (ssh, cron, su), login shells, systemd's services of users and of the system. Where
 * the variable is set already, the value is changed (see `settingParts`) and nothing is added.
 */
export async function nodeParts(context: TrustContext): Promise<readonly TrustPart[]> {
  const { files } = context;
  const parts = [await bundlePart(context), await ownFile(context, ownProfile, profile)];
  if (await files.exists('/etc/pam.d')) parts.push(...(await pamParts(context)));
  if (!(await files.exists('/etc/systemd'))) return parts;
  const assignment = `${nodeVariable}=${bundlePath}`;
  const userFiles = (await environmentFiles(files)).filter((path) =>
    path.startsWith('/etc/environment.d/'),
  );
  if (!(await isMentioned(context, userFiles)))
    parts.push(await ownFile(context, ownUserServices, `${assignment}\n`));
  const managed = (await files.list('/etc/systemd/system.conf.d')).map(
    (name) => `/etc/systemd/system.conf.d/${name}`,
  );
  const systemFiles = ['/etc/systemd/system.conf', ...managed].filter(
    (path) => path !== ownSystemServices,
  );
  parts.push(
    (await isMentioned(context, systemFiles))
      ? theirs(ownSystemServices)
      : await ownFile(
          context,
          ownSystemServices,
          `[Manager]\nDefaultEnvironment="${assignment}"\n`,
        ),
  );
  return parts;
}

/** A value that is there already is never replaced here. */
const profile = `# Certificates that Node.js trusts besides its own; see ${bundlePath}.
if [ -z "\${${nodeVariable}-}" ]; then
  ${nodeVariable}=${bundlePath}
  export ${nodeVariable}
fi
`;

/** What the system trusts, and the mirror's: good too for settings that stand in the place of all others. */
async function bundlePart(context: TrustContext): Promise<TrustPart> {
  const { files, certificates } = context;
  const wanted = [...(await readSystemRoots(context)), ...certificates].join('');
  const present = (await files.read(bundlePath, 32 * 1024 * 1024))?.text ?? '';
  return {
    clients: nodeClients,
    path: bundlePath,
    isRight: holdsAll(present, certificates),
    change:
      present === wanted
        ? null
        : { kind: 'file', what: "the system's certificates and the mirror's", text: wanted },
    problem: null,
  };
}

async function ownFile({ files }: TrustContext, path: string, text: string): Promise<TrustPart> {
  const isRight = (await files.read(path))?.text === text;
  return {
    clients: nodeClients,
    path,
    isRight,
    change: isRight ? null : { kind: 'file', what: `sets ${nodeVariable}`, text },
    problem: null,
  };
}

/** pam_env(8) reads it; nothing is to be done where it sets the variable. */
async function pamParts({ files }: TrustContext): Promise<readonly TrustPart[]> {
  const path = '/etc/environment';
  const line = `${nodeVariable}=${bundlePath}\n`;
  const what = `sets ${nodeVariable}`;
  const part = { clients: nodeClients, path, isRight: false, problem: null };
  try {
    const text = (await files.read(path))?.text;
    if (text === undefined) return [{ ...part, change: { kind: 'file', what, text: line } }];
    if (findSetting('environment', text, nodeVariable) !== null) return [];
    const piece = text === '' || text.endsWith('\n') ? line : `\n${line}`;
    return [{ ...part, change: { kind: 'pieces', what, add: [piece], remove: [] } }];
  } catch (error) {
    if (!(error instanceof UnreadableFile)) throw error;
    return [{ ...part, change: null, problem: { kind: 'unclear', words: error.words } }];
  }
}

async function isMentioned({ files }: TrustContext, paths: readonly string[]): Promise<boolean> {
  for (const path of paths) {
    try {
      if ((await files.read(path))?.text.includes(nodeVariable) === true) return true;
    } catch (error) {
      if (!(error instanceof UnreadableFile)) throw error;
    }
  }
  return false;
}

function theirs(path: string): TrustPart {
  const words = `is not written: ${nodeVariable} is set in /etc/systemd already; let it name ${bundlePath}, with what it named before`;
  return {
    clients: nodeClients,
    path,
    isRight: false,
    change: null,
    problem: { kind: 'unclear', words },
  };
}
