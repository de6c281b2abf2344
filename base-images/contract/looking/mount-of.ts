import { linesOf } from './read-text.ts';

export interface Mount {
  readonly place: string;
  /** Of the mount, as in `rw,nosuid,relatime`. */
  readonly options: string;
}

/** The mount that a path lies on, of the text of /proc/self/mountinfo (proc_pid_mountinfo(5)). */
export function mountOf(mountinfo: string, path: string): Mount | null {
  let best: Mount | null = null;
  for (const line of linesOf(mountinfo)) {
    const [, , , , place, options] = line.split(' ');
    if (place === undefined || options === undefined) continue;
    const isAbove = place === '/' || path === place || path.startsWith(`${place}/`);
    // A later mount on the same place covers the earlier.
    if (isAbove && place.length >= (best?.place.length ?? 0)) best = { place, options };
  }
  return best;
}
