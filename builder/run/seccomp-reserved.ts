/**
 * System calls that Docker's default profile gives only to containers with CAP_SYS_ADMIN, CAP_SYS_NICE,
 * CAP_SYS_PTRACE, CAP_SYS_BOOT or CAP_SYSLOG, or to none, while Podman's gives them to all. They answer EPERM.
 */
export const reservedSystemCalls = [
  'add_key',
  'bpf',
  'fanotify_init',
  'fsconfig',
  'fsmount',
  'fsopen',
  'fspick',
  'get_mempolicy',
  'io_uring_enter',
  'io_uring_register',
  'io_uring_setup',
  'keyctl',
  'lookup_dcookie',
  'mbind',
  'mount',
  'mount_setattr',
  'move_mount',
  'move_pages',
  'open_tree',
  'perf_event_open',
  'pidfd_getfd',
  'pivot_root',
  'quotactl',
  'quotactl_fd',
  'reboot',
  'request_key',
  'set_mempolicy',
  'setdomainname',
  'sethostname',
  'setns',
  'syslog',
  'umount',
  'umount2',
  'unshare',
  'userfaultfd',
] as const;

/** clone(2): CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID and NEWNET. */
export const namespaceFlags = [
  0x0002_0000, 0x0200_0000, 0x0400_0000, 0x0800_0000, 0x1000_0000, 0x2000_0000, 0x4000_0000,
] as const;

/**
 * AF_VSOCK, socket(7): not bound to a network namespace, so it would lead past the step's network to the
 * hypervisor. Docker leaves it out too. 32-bit programs that use socketcall(2) cannot be told apart and keep it.
 */
export const socketFamilyVsock = 40;
