import type { Check } from './check.ts';
import { accountsReadable } from './checks/accounts-readable.ts';
import { agentAnswers } from './checks/agent-answers.ts';
import { agentStatic } from './checks/agent-static.ts';
import { aptArchiveThere } from './checks/apt-archive-there.ts';
import { aptAsksNothing } from './checks/apt-asks-nothing.ts';
import { aptHttpsTrusted } from './checks/apt-https-trusted.ts';
import { aptSourcesRead } from './checks/apt-sources-read.ts';
import { architectureFits } from './checks/architecture-fits.ts';
import { caBundleClean } from './checks/ca-bundle-clean.ts';
import { caHashLinks } from './checks/ca-hash-links.ts';
import { caInBundle } from './checks/ca-in-bundle.ts';
import { caNamesRead } from './checks/ca-names-read.ts';
import { caNoPrivateKey } from './checks/ca-no-private-key.ts';
import { caOneCertificateEach } from './checks/ca-one-certificate-each.ts';
import { caOutlivesUpdate } from './checks/ca-outlives-update.ts';
import { caUpdate } from './checks/ca-update.ts';
import { cgroup1ForOldSystemd } from './checks/cgroup-1-for-old-systemd.ts';
import { cgroup2Mounts } from './checks/cgroup-2-mounts.ts';
import { devNullInContainer } from './checks/dev-null-in-container.ts';
import { devNullPlain } from './checks/dev-null-plain.ts';
import { diskCheckedByGuest } from './checks/disk-checked-by-guest.ts';
import { dockerTraces } from './checks/docker-traces.ts';
import { dropInsEndInNewline } from './checks/drop-ins-end-in-newline.ts';
import { dropInsMode } from './checks/drop-ins-mode.ts';
import { dropInsRead } from './checks/drop-ins-read.ts';
import { dropInsSafe } from './checks/drop-ins-safe.ts';
import { filesAsTheyClaim } from './checks/files-as-they-claim.ts';
import { hostnameInHosts } from './checks/hostname-in-hosts.ts';
import { initStarts } from './checks/init-starts.ts';
import { initctlInPlace } from './checks/initctl-in-place.ts';
import { kernelRecent } from './checks/kernel-recent.ts';
import { machineBoots } from './checks/machine-boots.ts';
import { machineClock } from './checks/machine-clock.ts';
import { machineHostname } from './checks/machine-hostname.ts';
import { machineIdUnset } from './checks/machine-id-unset.ts';
import { machineInit } from './checks/machine-init.ts';
import { machineOwnInit } from './checks/machine-own-init.ts';
import { machineSudo } from './checks/machine-sudo.ts';
import { noNewPrivileges } from './checks/no-new-privileges.ts';
import { noNosuid } from './checks/no-nosuid.ts';
import { nodeStarts } from './checks/node-starts.ts';
import { resolvConfWhole } from './checks/resolv-conf-whole.ts';
import { rootOpen } from './checks/root-open.ts';
import { scriptsPortable } from './checks/scripts-portable.ts';
import { servicesMayStart } from './checks/services-may-start.ts';
import { setuidKept } from './checks/setuid-kept.ts';
import { setupComplete } from './checks/setup-complete.ts';
import { setupServes } from './checks/setup-serves.ts';
import { shellThere } from './checks/shell-there.ts';
import { sudoHome } from './checks/sudo-home.ts';
import { sudoLeadsSomewhere } from './checks/sudo-leads-somewhere.ts';
import { sudoLists } from './checks/sudo-lists.ts';
import { sudoOtherUser } from './checks/sudo-other-user.ts';
import { sudoPam } from './checks/sudo-pam.ts';
import { sudoPassesVariables } from './checks/sudo-passes-variables.ts';
import { sudoPath } from './checks/sudo-path.ts';
import { sudoRuns } from './checks/sudo-runs.ts';
import { sudoSetuid } from './checks/sudo-setuid.ts';
import { sudoersDirectorySafe } from './checks/sudoers-directory-safe.ts';
import { sudoersEndsInNewline } from './checks/sudoers-ends-in-newline.ts';
import { sudoersIncludeRead } from './checks/sudoers-include-read.ts';
import { sudoersLinesHold } from './checks/sudoers-lines-hold.ts';
import { sudoersNoCrlf } from './checks/sudoers-no-crlf.ts';
import { sudoersOneInclude } from './checks/sudoers-one-include.ts';
import { sudoersOtherEngines } from './checks/sudoers-other-engines.ts';
import { sudoersParses } from './checks/sudoers-parses.ts';
import { sudoersPortableSettings } from './checks/sudoers-portable-settings.ts';
import { sudoersUnchanged } from './checks/sudoers-unchanged.ts';
import { threadsStart } from './checks/threads-start.ts';
import { tmpSticky } from './checks/tmp-sticky.ts';
import { userBecomesAnybody } from './checks/user-becomes-anybody.ts';
import { userBecomesRoot } from './checks/user-becomes-root.ts';
import { userExists } from './checks/user-exists.ts';
import { userHome } from './checks/user-home.ts';
import { userNameValid } from './checks/user-name-valid.ts';
import { userRuleLast } from './checks/user-rule-last.ts';
import { userShell } from './checks/user-shell.ts';
import { userUidOwn } from './checks/user-uid-own.ts';
import { usrMergedWhole } from './checks/usr-merged-whole.ts';
import { visudoAgrees } from './checks/visudo-agrees.ts';

/**
 * The contract: what an image must hold that Ashlar shall make machines of, in the order in which it is shown. A further check is a file in
 * `checks/`, a line here, and a case with a base on which it passes and one on which it fails (test/base-images/contract/cases/).
 */
export const allChecks: readonly Check[] = [
  // Sudo and its files.
  sudoLeadsSomewhere,
  sudoSetuid,
  sudoPam,
  sudoersParses,
  sudoersLinesHold,
  sudoersOtherEngines,
  sudoersOneInclude,
  sudoersIncludeRead,
  sudoersEndsInNewline,
  sudoersNoCrlf,
  sudoersPortableSettings,
  sudoersUnchanged,
  sudoersDirectorySafe,
  dropInsRead,
  dropInsSafe,
  dropInsMode,
  dropInsEndInNewline,
  // The working user.
  userExists,
  userNameValid,
  userUidOwn,
  userShell,
  userHome,
  userBecomesRoot,
  userBecomesAnybody,
  userRuleLast,
  // The files of the base.
  filesAsTheyClaim,
  accountsReadable,
  architectureFits,
  shellThere,
  usrMergedWhole,
  rootOpen,
  tmpSticky,
  devNullPlain,
  // Apt.
  aptSourcesRead,
  aptArchiveThere,
  aptHttpsTrusted,
  aptAsksNothing,
  // Certificates.
  caOneCertificateEach,
  caNamesRead,
  caNoPrivateKey,
  caBundleClean,
  caInBundle,
  caHashLinks,
  caOutlivesUpdate,
  // The machine that it becomes.
  resolvConfWhole,
  hostnameInHosts,
  machineIdUnset,
  servicesMayStart,
  initctlInPlace,
  dockerTraces,
  initStarts,
  diskCheckedByGuest,
  agentStatic,
  scriptsPortable,
  setupServes,
  setupComplete,
  // In a container.
  sudoRuns,
  sudoLists,
  sudoOtherUser,
  sudoPassesVariables,
  sudoHome,
  sudoPath,
  visudoAgrees,
  setuidKept,
  noNewPrivileges,
  noNosuid,
  devNullInContainer,
  threadsStart,
  caUpdate,
  nodeStarts,
  // In a machine.
  machineBoots,
  kernelRecent,
  cgroup2Mounts,
  cgroup1ForOldSystemd,
  machineClock,
  machineInit,
  agentAnswers,
  machineSudo,
  machineOwnInit,
  machineHostname,
];
