import type { ImageFiles } from '../files/image-files.ts';
import { loadReleases } from '../releases/load-releases.ts';
import type { Release } from '../releases/release.ts';
import { findSudo } from './accounts/find-sudo.ts';
import { findSudoers } from './accounts/find-sudoers.ts';
import { findUsers } from './accounts/find-users.ts';
import type { BaseFacts } from './base-facts.ts';
import { createLook, type Look } from './look.ts';
import { findApt } from './network/find-apt.ts';
import { findCa } from './network/find-ca.ts';
import { findDocker } from './network/find-docker.ts';
import { findHostname, findMachineId, findResolvConf } from './network/find-identity.ts';
import { familyOf } from './os/family-of.ts';
import { findOs } from './os/find-os.ts';
import { matchRelease } from './os/match-release.ts';
import { noteContradictions } from './os/note-contradictions.ts';
import { findPackages } from './packages/find-packages.ts';
import { findArchitecture } from './system/find-architecture.ts';
import { findInit } from './system/find-init.ts';
import { findLibc } from './system/find-libc.ts';
import { findCoreutils, findOpenssl, findTools, findUsrMerged } from './system/find-tools.ts';

export interface DetectOptions {
  /** Those that are known; by default all of Ashlar's data. */
  readonly releases?: readonly Release[];
}

/**
 * Looks at the files of an image and says what it is. Files that are missing, too large, of the wrong type or no text are
 * problems among the facts; only what cannot be read at all (a damaged image) throws, as `ImageFiles` does.
 */
export async function detectBase(
  files: ImageFiles,
  options: DetectOptions = {},
): Promise<BaseFacts> {
  const releases = options.releases ?? (await loadReleases());
  const look = createLook(files);
  await noteMissingEtc(look);
  const os = await findOs(look);
  const packages = await findPackages(look);
  const tools = await findTools(look);
  const match = matchRelease(os, releases);
  const release = releases.find(({ id }) => id === match.release);
  noteContradictions(look, { os, packages, release });
  return {
    os,
    family: familyOf({ os, packages, tools }),
    ...match,
    architecture: await findArchitecture(look, packages),
    packages,
    libc: await findLibc(look, packages),
    init: await findInit(look, packages),
    sudo: await findSudo(look, packages),
    sudoers: await findSudoers(look),
    users: await findUsers(look),
    tools,
    coreutils: await findCoreutils(look, packages),
    usrMerged: await findUsrMerged(look),
    ca: await findCa(look, tools),
    openssl: findOpenssl(packages),
    apt: await findApt(look, packages),
    docker: await findDocker(look),
    resolvConf: await findResolvConf(look),
    hostname: await findHostname(look),
    machineId: await findMachineId(look),
    problems: look.problems,
  };
}

async function noteMissingEtc(look: Look): Promise<void> {
  const etc = await look.files.follow('etc');
  if (etc === null) look.note({ path: 'etc', kind: 'missing', says: 'is not there' });
  else if (etc.type !== 'directory')
    look.note({ path: 'etc', kind: 'wrong-type', says: `is a ${etc.type}, not a directory` });
}
