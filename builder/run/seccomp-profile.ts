import { readFile } from 'node:fs/promises';
import { arch, release } from 'node:os';
import { AshlarError, systemErrorCode } from '../../src/index.ts';
import { namespaceFlags, reservedSystemCalls, socketFamilyVsock } from './seccomp-reserved.ts';

/**
 * The profile that Debian's golang-github-containers-common and Fedora's containers-common install, in the
 * profile format of Docker and Podman: rules carry conditions (`includes`, `excludes`) by architecture,
 * capability and kernel, which an OCI runtime does not know.
 */
export const defaultProfilePath = '/usr/share/containers/seccomp.json';

/** OCI runtime specification 1.0.2, config-linux.md, "Seccomp". */
export interface OciSeccomp {
  readonly defaultAction: string;
  readonly defaultErrnoRet?: number;
  readonly architectures: readonly string[];
  readonly syscalls: readonly OciSeccompRule[];
}

export interface OciSeccompRule {
  readonly names: readonly string[];
  readonly action: string;
  readonly errnoRet?: number;
  readonly args?: readonly OciSeccompArgument[];
}

export interface OciSeccompArgument {
  readonly index: number;
  readonly value: number;
  readonly valueTwo?: number;
  readonly op: string;
}

/** What the conditions of a profile are judged by. */
export interface SeccompTarget {
  /** Docker's name of the architecture: amd64, arm64. */
  readonly architecture: string;
  readonly capabilities: readonly string[];
  readonly kernel: readonly [major: number, minor: number];
}

interface Conditions {
  readonly arches?: readonly string[];
  readonly caps?: readonly string[];
  readonly minKernel?: string;
}

interface ProfileRule extends OciSeccompRule {
  readonly name?: string;
  readonly includes?: Conditions;
  readonly excludes?: Conditions;
}

interface Profile {
  readonly defaultAction: string;
  readonly defaultErrnoRet?: number;
  readonly archMap?: readonly {
    readonly architecture: string;
    readonly subArchitectures?: readonly string[] | null;
  }[];
  readonly syscalls: readonly ProfileRule[];
}

const errnoPermission = 1;
const errnoNoSystemCall = 38;
const errnoNoFamily = 97;
const architectureNames: Readonly<Record<string, readonly [docker: string, oci: string]>> = {
  x64: ['amd64', 'SCMP_ARCH_X86_64'],
  arm64: ['arm64', 'SCMP_ARCH_AARCH64'],
};

/** Loads the installed profile for a container with `capabilities` on this machine. Throws `tool_missing` without one. */
export async function loadSeccompProfile(
  path: string,
  capabilities: readonly string[],
): Promise<OciSeccomp> {
  const [major = 0, minor = 0] = release().split('.').map(Number);
  const architecture = architectureNames[arch()]?.[0];
  if (architecture === undefined) {
    throw new AshlarError('kernel_feature_missing', `no seccomp profile for ${arch()} is known`);
  }
  return translateProfile(await readProfile(path), {
    architecture,
    capabilities,
    kernel: [major, minor],
  });
}

/**
 * Translates a profile to the form of the OCI runtime specification and takes away what Docker's default profile
 * leaves to CAP_SYS_ADMIN and its like: Podman's allows those calls, because it relies on user namespaces, and
 * with them a step could make one and reach every kernel interface behind it.
 */
export function translateProfile(profile: Profile, target: SeccompTarget): OciSeccomp {
  const own = Object.values(architectureNames).find(([docker]) => docker === target.architecture);
  const native = own?.[1] ?? '';
  const mapped = profile.archMap?.find((entry) => entry.architecture === native);
  const rules = profile.syscalls.filter((rule) => applies(rule, target)).flatMap(plainRule);
  return {
    defaultAction: profile.defaultAction,
    ...(profile.defaultErrnoRet === undefined ? {} : { defaultErrnoRet: profile.defaultErrnoRet }),
    architectures: [native, ...(mapped?.subArchitectures ?? [])],
    syscalls: [...rules, ...dockerRules()],
  };
}

async function readProfile(path: string): Promise<Profile> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Profile;
  } catch (error) {
    if (error instanceof SyntaxError) {
      throw new AshlarError('tool_missing', `the seccomp profile ${path} is no JSON`, {
        data: { path },
        cause: error,
      });
    }
    if (systemErrorCode(error) !== 'ENOENT') throw error;
    throw new AshlarError('tool_missing', `the seccomp profile ${path} is not installed`, {
      data: { path },
      hint: 'Install golang-github-containers-common (Debian, Ubuntu) or containers-common (Fedora).',
      cause: error,
    });
  }
}

function applies(rule: ProfileRule, target: SeccompTarget): boolean {
  const { includes = {}, excludes = {} } = rule;
  const { architecture, capabilities, kernel } = target;
  if (includes.arches?.length && !includes.arches.includes(architecture)) return false;
  if (excludes.arches?.includes(architecture)) return false;
  if (includes.caps?.some((capability) => !capabilities.includes(capability))) return false;
  if (excludes.caps?.some((capability) => capabilities.includes(capability))) return false;
  if (includes.minKernel !== undefined && !isAtLeast(kernel, includes.minKernel)) return false;
  return excludes.minKernel === undefined || !isAtLeast(kernel, excludes.minKernel);
}

function isAtLeast([major, minor]: readonly [number, number], wanted: string): boolean {
  const [wantedMajor = 0, wantedMinor = 0] = wanted.split('.').map(Number);
  return major > wantedMajor || (major === wantedMajor && minor >= wantedMinor);
}

function plainRule(rule: ProfileRule): readonly OciSeccompRule[] {
  const all = rule.name === undefined ? rule.names : [rule.name];
  const reserved = new Set<string>([...reservedSystemCalls, 'clone', 'clone3', 'socket']);
  const names = all.filter((name) => !reserved.has(name));
  if (names.length === 0) return [];
  return [
    {
      names,
      action: rule.action,
      ...(rule.errnoRet === undefined ? {} : { errnoRet: rule.errnoRet }),
      ...(rule.args?.length ? { args: rule.args } : {}),
    },
  ];
}

/**
 * `clone` without new namespaces is allowed. `clone3` passes its flags in memory, where a filter cannot see
 * them: ENOSYS sends the C library back to `clone` (glibc 2.34 and later do not start threads after EPERM).
 */
function dockerRules(): readonly OciSeccompRule[] {
  const allNamespaces = namespaceFlags.reduce((sum, flag) => sum + flag, 0);
  return [
    { names: [...reservedSystemCalls], ...deny(errnoPermission) },
    { names: ['clone'], ...allow, args: [maskedArgument(allNamespaces, 0)] },
    ...namespaceFlags.map((flag) => ({
      names: ['clone'],
      ...deny(errnoPermission),
      args: [maskedArgument(flag, flag)],
    })),
    { names: ['clone3'], ...deny(errnoNoSystemCall) },
    {
      names: ['socket'],
      ...allow,
      args: [{ index: 0, value: socketFamilyVsock, op: 'SCMP_CMP_NE' }],
    },
    {
      names: ['socket'],
      ...deny(errnoNoFamily),
      args: [{ index: 0, value: socketFamilyVsock, op: 'SCMP_CMP_EQ' }],
    },
  ];
}

const allow = { action: 'SCMP_ACT_ALLOW' } as const;

function deny(errnoRet: number): { readonly action: string; readonly errnoRet: number } {
  return { action: 'SCMP_ACT_ERRNO', errnoRet };
}

/** True where the first argument has exactly `bits` of `mask`. */
function maskedArgument(mask: number, bits: number): OciSeccompArgument {
  return { index: 0, value: mask, valueTwo: bits, op: 'SCMP_CMP_MASKED_EQ' };
}
