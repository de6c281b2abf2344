import type { OciSeccomp } from './seccomp-profile.ts';
import type { StepUser } from './resolve-user.ts';

/** Docker's default set: enough for apt, dpkg and sudo, and nothing that reaches the host. */
export const capabilities = [
  'CAP_CHOWN',
  'CAP_DAC_OVERRIDE',
  'CAP_FSETID',
  'CAP_FOWNER',
  'CAP_MKNOD',
  'CAP_NET_RAW',
  'CAP_SETGID',
  'CAP_SETUID',
  'CAP_SETFCAP',
  'CAP_SETPCAP',
  'CAP_NET_BIND_SERVICE',
  'CAP_SYS_CHROOT',
  'CAP_KILL',
  'CAP_AUDIT_WRITE',
] as const;

export interface BindMount {
  readonly source: string;
  /** Free of links. */
  readonly destination: string;
  readonly access: 'read-only' | 'read-write';
}

export interface ContainerConfigOptions {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly workdir: string;
  readonly user: StepUser;
  readonly hostname: string;
  readonly cgroupsPath: string;
  readonly binds: readonly BindMount[];
  readonly seccomp: OciSeccomp;
  /** A bound network namespace; a new one with nothing but the loopback when left out. */
  readonly networkNamespace: string | undefined;
  readonly openFilesLimit: number;
}

/** Directories of the guest that are mounted upon, whatever the image has there. */
export const kernelMountPoints = ['/proc', '/dev', '/sys'] as const;

/**
 * The OCI bundle's config.json (runtime specification 1.0.2) of a step: a container as Docker makes it by default.
 * No user namespace: root in it is root with few capabilities, so that packages can set owners and make devices;
 * which devices open is up to the device cgroup.
 */
export function containerConfig(options: ContainerConfigOptions): object {
  return {
    ociVersion: '1.0.2',
    process: processConfig(options),
    root: { path: 'rootfs', readonly: false },
    hostname: options.hostname,
    mounts: [...kernelMounts, ...options.binds.map(bindConfig)],
    linux: {
      cgroupsPath: options.cgroupsPath,
      namespaces: namespacesOf(options.networkNamespace),
      resources: { devices: deviceRules },
      seccomp: options.seccomp,
      sysctl: {
        'net.ipv4.ip_unprivileged_port_start': '0',
        'net.ipv4.ping_group_range': '0 2147483647',
      },
      maskedPaths,
      readonlyPaths,
    },
  };
}

function processConfig(options: ContainerConfigOptions): object {
  const { user, openFilesLimit } = options;
  return {
    terminal: false,
    user: { uid: user.uid, gid: user.gid, umask: 0o022, additionalGids: user.groupIds },
    args: options.argv,
    env: Object.entries(options.env).map(([name, value]) => `${name}=${value}`),
    cwd: options.workdir,
    capabilities: capabilitySets(user),
    noNewPrivileges: false,
    // The step is what should die first when the machine itself runs out of memory.
    oomScoreAdj: 500,
    rlimits: [{ type: 'RLIMIT_NOFILE', soft: openFilesLimit, hard: openFilesLimit }],
  };
}

/** Another user starts with none, as after setuid(2), but may gain those of the bounding set with sudo. */
function capabilitySets(user: StepUser): object {
  const held = user.uid === 0 ? capabilities : [];
  return { bounding: capabilities, effective: held, permitted: held, inheritable: [], ambient: [] };
}

function namespacesOf(networkNamespace: string | undefined): readonly object[] {
  const path = networkNamespace === undefined ? {} : { path: networkNamespace };
  const types = ['pid', 'ipc', 'uts', 'mount', 'cgroup'].map((type) => ({ type }));
  return [...types, { type: 'network', ...path }];
}

function bindConfig(bind: BindMount): object {
  const mode = bind.access === 'read-only' ? ['ro', 'nosuid', 'nodev'] : ['rw'];
  return {
    destination: bind.destination,
    type: 'bind',
    source: bind.source,
    options: ['bind', 'private', ...mode],
  };
}

const guarded = ['nosuid', 'noexec', 'nodev'] as const;

// prettier-ignore
const kernelMounts = [
  { destination: '/proc', type: 'proc', source: 'proc', options: guarded },
  { destination: '/dev', type: 'tmpfs', source: 'tmpfs',
    options: ['nosuid', 'strictatime', 'mode=755', 'size=65536k'] },
  { destination: '/dev/pts', type: 'devpts', source: 'devpts',
    options: ['nosuid', 'noexec', 'newinstance', 'ptmxmode=0666', 'mode=0620', 'gid=5'] },
  { destination: '/dev/shm', type: 'tmpfs', source: 'shm',
    options: [...guarded, 'mode=1777', 'size=65536k'] },
  { destination: '/dev/mqueue', type: 'mqueue', source: 'mqueue', options: guarded },
  { destination: '/sys', type: 'sysfs', source: 'sysfs', options: [...guarded, 'ro'] },
  { destination: '/sys/fs/cgroup', type: 'cgroup', source: 'cgroup',
    options: [...guarded, 'relatime', 'ro'] },
];

/** Any device may be made; only null, zero, full, random, urandom, tty, ptmx and terminals may be used. */
const deviceRules = [
  { allow: false, access: 'rwm' },
  { allow: true, type: 'c', access: 'm' },
  { allow: true, type: 'b', access: 'm' },
  ...[3, 5, 7, 8, 9].map((minor) => ({ allow: true, type: 'c', major: 1, minor, access: 'rwm' })),
  ...[0, 2].map((minor) => ({ allow: true, type: 'c', major: 5, minor, access: 'rwm' })),
  { allow: true, type: 'c', major: 136, access: 'rwm' },
];

const maskedPaths = [
  '/proc/acpi',
  '/proc/asound',
  '/proc/interrupts',
  '/proc/kcore',
  '/proc/keys',
  '/proc/latency_stats',
  '/proc/sched_debug',
  '/proc/scsi',
  '/proc/timer_list',
  '/proc/timer_stats',
  '/sys/devices/virtual/powercap',
  '/sys/firmware',
];

const readonlyPaths = ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger'];
