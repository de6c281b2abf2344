import { AshlarError } from '../src/index.ts';

/** What differs between processor architectures; the guest is always the host's own. */
export interface Platform {
  readonly qemu: string;
  /** The machine with what no guest of ours uses turned off. */
  readonly machine: string;
  /** The device of the kernel's serial console. */
  readonly console: string;
  /** Value of e_machine in ELF headers (gABI, "ELF Header"). */
  readonly elfMachine: number;
  /** The package that brings QEMU on Debian and Ubuntu. */
  readonly qemuPackage: string;
  /** Meta packages that depend on the newest kernel for virtual machines: Debian's, then Ubuntu's. */
  readonly kernelPackages: readonly string[];
}

const platforms: Readonly<Partial<Record<NodeJS.Architecture, Platform>>> = {
  x64: {
    qemu: 'qemu-system-x86_64',
    machine: 'q35,smm=off,sata=off,usb=off,vmport=off,smbus=off',
    console: 'ttyS0',
    elfMachine: 62,
    qemuPackage: 'qemu-system-x86',
    kernelPackages: ['linux-image-cloud-amd64', 'linux-image-virtual', 'linux-image-kvm'],
  },
  arm64: {
    qemu: 'qemu-system-aarch64',
    machine: 'virt',
    console: 'ttyAMA0',
    elfMachine: 183,
    qemuPackage: 'qemu-system-arm',
    kernelPackages: ['linux-image-cloud-arm64', 'linux-image-virtual', 'linux-image-kvm'],
  },
};

/** The host's platform. Throws `kernel_feature_missing` where no guest can be made for it. */
export function hostPlatform(architecture: NodeJS.Architecture = process.arch): Platform {
  const platform = platforms[architecture];
  if (platform === undefined) {
    throw new AshlarError(
      'kernel_feature_missing',
      `virtual machines are made for x64 and arm64, and this machine is ${architecture}`,
      { data: { architecture }, hint: 'Boot images on an x86-64 or arm64 machine.' },
    );
  }
  return platform;
}
