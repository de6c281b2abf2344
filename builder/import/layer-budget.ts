import { AshlarError, type TarEntry, toDisplay } from '../../src/index.ts';

/** What layers may make an import spend. More than a limit is `layer_hostile`. */
export interface LayerLimits {
  /** Bytes of files, holes included, whether or not later entries replace them. */
  readonly maxContentBytes: number;
  readonly maxEntries: number;
  /** Device nodes; a root file system has a few dozen. */
  readonly maxDevices: number;
}

/** Counts the entries of one layer, or of all layers of an image, against limits. */
export interface LayerBudget {
  /** Throws `layer_hostile`, with the layer and the path, when the entry is one too many. */
  spend(entry: TarEntry, label: string): void;
}

/** An entry takes 1.5 KB of memory until the image is written: 2 million are what Node's default heap holds. */
export const defaultMaxEntries = 2_000_000;
export const defaultMaxDevices = 10_000;

export function createLayerBudget(limits: LayerLimits): LayerBudget {
  const { maxContentBytes, maxEntries, maxDevices } = limits;
  let contentBytes = 0;
  let entries = 0;
  let devices = 0;
  return {
    spend(entry, label) {
      contentBytes += entry.sizeBytes;
      entries += 1;
      if (isDevice(entry)) devices += 1;
      if (contentBytes > maxContentBytes) {
        throw tooMuch(entry, label, `unpacks to over ${maxContentBytes} bytes`);
      }
      if (entries > maxEntries) throw tooMuch(entry, label, `has over ${maxEntries} entries`);
      if (devices > maxDevices) throw tooMuch(entry, label, `has over ${maxDevices} device nodes`);
    },
  };
}

/** A character device 0:0 is overlayfs' whiteout: no driver answers to it. */
function isDevice({ type, deviceMajor, deviceMinor }: TarEntry): boolean {
  return type === 'block' || (type === 'char' && (deviceMajor !== 0 || deviceMinor !== 0));
}

function tooMuch(entry: TarEntry, label: string, problem: string): AshlarError {
  const path = toDisplay(entry.path);
  return new AshlarError('layer_hostile', `${label} ${problem}, the last /${path}`, {
    data: { layer: label, path },
  });
}
