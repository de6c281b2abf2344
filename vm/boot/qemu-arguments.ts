import type { Platform } from '../platform.ts';

export type Accelerator = 'kvm' | 'tcg';

/** Descriptors that QEMU inherits: the guest's ports and its console. */
export const guestDescriptors = { stdout: 3, stderr: 4, control: 5, console: 6 } as const;

export interface MachinePlan {
  readonly platform: Platform;
  readonly accelerator: Accelerator;
  readonly kernelPath: string;
  readonly initramfsPath: string;
  readonly memoryMiB: number;
  readonly cpus: number;
  /** Name of the NBD socket of the root disk, relative to QEMU's working directory; none for a guest without one. */
  readonly diskSocket: string | undefined;
}

/**
 * The kernel's command line. A panic reboots at once, which ends QEMU (-no-reboot). What is tested or
 * mitigated for long uptimes costs a third of the boot under TCG and is left out.
 */
function kernelCommandLine(platform: Platform): string {
  return [
    `console=${platform.console}`,
    'quiet',
    'panic=-1',
    'rdinit=/init',
    'nokaslr',
    'mitigations=off',
    'cryptomgr.notests',
    'tsc=reliable',
    'no_timer_check',
    '8250.nr_uarts=1',
    'random.trust_cpu=on',
  ].join(' ');
}

/**
 * QEMU's arguments for a machine with a serial console, three virtio-serial ports, a source of randomness
 * and a root disk of which writes go to an unlinked overlay in TMPDIR. No network, no firmware menu, no
 * monitor. Source of names: the QEMU documentation, "Invocation".
 */
export function qemuArguments(plan: MachinePlan): string[] {
  const { platform, accelerator, diskSocket } = plan;
  const valued: Option[] = [
    ['-display', 'none'],
    ['-sandbox', 'on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny'],
    ['-machine', platform.machine],
    ['-accel', accelerator],
    ['-cpu', accelerator === 'kvm' ? 'host' : 'max'],
    ['-smp', String(plan.cpus)],
    ['-m', `${plan.memoryMiB}M`],
    ['-kernel', plan.kernelPath],
    ['-initrd', plan.initramfsPath],
    ['-append', kernelCommandLine(platform)],
    inheritedSocket('console'),
    ['-serial', 'chardev:console'],
    ['-device', 'virtio-serial-pci'],
    ...serialPort('stdout'),
    ...serialPort('stderr'),
    ...serialPort('control'),
    ['-device', 'virtio-rng-pci'],
    ...(diskSocket === undefined ? [] : rootDisk(diskSocket)),
  ];
  return ['-nodefaults', '-no-user-config', '-no-reboot', ...valued.flat()];
}

type Option = readonly [name: string, value: string];

function inheritedSocket(name: keyof typeof guestDescriptors): Option {
  return ['-chardev', `socket,id=${name},fd=${guestDescriptors[name]}`];
}

function serialPort(name: 'stdout' | 'stderr' | 'control'): Option[] {
  return [inheritedSocket(name), ['-device', `virtserialport,chardev=${name},name=ashlar.${name}`]];
}

/** A host without space for the overlay shows itself to the guest as EIO; QEMU's default would pause it for ever. */
function rootDisk(socket: string): Option[] {
  const nbd = `file.driver=nbd,file.server.type=unix,file.server.path=${socket}`;
  return [
    ['-drive', `if=none,id=root,format=raw,snapshot=on,werror=report,rerror=report,${nbd}`],
    ['-device', 'virtio-blk-pci,drive=root'],
  ];
}
