import { fromBytes } from '../../../src/index.ts';
import type { RunResult } from '../runner.ts';
import { outputLines } from './output-lines.ts';
import { linesOf } from './read-text.ts';

/** What a machine says of itself in one boot: what `bootScript` or `ownInitScript` printed. */
export interface BootReport {
  readonly exitCode: number;
  readonly get: (key: BootKey) => string | null;
  /** For people: what was on stderr. */
  readonly said: readonly string[];
}

export type BootKey =
  | 'kernel'
  | 'cgroup2'
  | 'cgroup1'
  | 'clock'
  | 'init'
  | 'agent'
  | 'sudo'
  | 'first'
  | 'state'
  | 'failed'
  | 'hostname'
  | 'hosts';

const tell = `
tell() { echo "ashlar-check $1=$2"; }
`;

/**
 * Run by the image's shell as root; `$1` is the user who shall become root, or nothing. Of programs it uses those of every
 * distribution alone, and does without where they are missing.
 */
export const bootScript = `${tell}
read -r kernel </proc/sys/kernel/osrelease && tell kernel "$kernel"
place=/run/ashlar-check
mkdir -p "$place"
tell cgroup2 no
if mount -t cgroup2 none "$place" 2>/dev/null; then
  [ -e "$place/cgroup.controllers" ] && tell cgroup2 yes
  umount "$place"
fi
tell cgroup1 no
if mount -t cgroup -o none,name=systemd none "$place" 2>/dev/null; then
  tell cgroup1 yes
  umount "$place"
fi
rmdir "$place"
tell clock "$(date +%s)"
for init in /sbin/init /etc/init /bin/init; do
  [ -f "$init" ] && [ -x "$init" ] && { tell init "$init"; break; }
done
if [ -e /usr/lib/ashlar/busybox ]; then
  tell agent "$(/usr/lib/ashlar/busybox echo answers)"
fi
if [ -n "$1" ]; then
  if command -v su >/dev/null; then
    tell sudo "$(su -s /bin/sh -c 'exec sudo -n id -u' "$1")"
  else
    tell sudo "$(sudo -n -u "$1" sudo -n id -u)"
  fi
fi
exit 0
`;

/** The same in a machine whose first process is the image's own init, for what only that does. */
export const ownInitScript = `${tell}
read -r first </proc/1/comm && tell first "$first"
read -r hostname </proc/sys/kernel/hostname && tell hostname "$hostname"
while read -r _ names; do
  for name in $names; do [ "$name" = "$hostname" ] && tell hosts yes; done
done </etc/hosts
if command -v systemctl >/dev/null && [ -d /run/systemd/system ]; then
  tell state "$(systemctl is-system-running)"
  tell failed "$(systemctl list-units --state=failed --plain --no-legend --no-pager |
    while read -r unit _; do printf '%s ' "$unit"; done)"
fi
exit 0
`;

export function parseBootReport({ exitCode, stdout, stderr }: RunResult): BootReport {
  const values = new Map<string, string>();
  for (const line of linesOf(fromBytes(stdout))) {
    const [, key, value] = /^ashlar-check ([a-z0-9]+)=(.*)$/.exec(line) ?? [];
    if (key !== undefined && value !== undefined) values.set(key, value);
  }
  return { exitCode, get: (key) => values.get(key) ?? null, said: outputLines(stderr) };
}
