/** The door of the room `vm/`: boots a disk of which chunks are read on demand and runs one command in it. */
export type { BlockSource } from './block-source.ts';
export {
  bootImage,
  type BootOptions,
  type BootResult,
  type BootTimings,
} from './boot/boot-image.ts';
export type { Accelerator } from './boot/qemu-arguments.ts';
export type { FirstProcess, GuestCommand } from './guest/command-archive.ts';
export { busyboxAtHand } from './guest/find-busybox.ts';
export { hostPlatform } from './platform.ts';
export { prepareGuest, type GuestKit, type GuestSources } from './guest/prepare-guest.ts';
export { probeAccelerator, type AcceleratorChoice } from './accelerator/probe-accelerator.ts';
export { serveNbd, type NbdServer, type NbdServerOptions } from './nbd/serve-nbd.ts';
export { checkVmRequirements, type VmRequirement } from './requirements.ts';
