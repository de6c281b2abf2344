#!/usr/lib/ashlar/busybox sh
# PID 1 of a machine whose image has no init of its own. Needs nothing from the image but this directory.
# Mounts what programs count on, names the machine, runs the image's command (see launch), buries what dies,
# and turns the machine off when the command has ended.

bb=/usr/lib/ashlar/busybox
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin

say() { # TEXT
  echo "ashlar: $1" >/dev/console
} 2>/dev/null

mount_on() { # TYPE DIRECTORY OPTIONS: unless something is mounted there
  [ -L "$2" ] && return
  [ -d "$2" ] || "$bb" mkdir -p "$2"
  while read -r _ place _; do [ "$place" = "$2" ] && return; done </proc/mounts
  "$bb" mount -t "$1" -o "$3" "$1" "$2"
} 2>/dev/null

# What a package keeps below /run is gone at each boot; its directories are made again.
mount_run() {
  kept=$("$bb" find /run -mindepth 1 -maxdepth 2 -type d -exec "$bb" stat -c '%a %u:%g %n' {} \;)
  mount_on tmpfs /run nosuid,nodev,mode=755
  [ -n "$kept" ] || return
  while read -r mode owner directory; do
    "$bb" mkdir -p "$directory" && "$bb" chmod "$mode" "$directory" && "$bb" chown "$owner" "$directory"
  done <<END
$kept
END
} 2>/dev/null

# Before it there may be no /dev/null that anything could be sent to.
furnish_first() {
  [ -e /proc/self ] || "$bb" mount -t proc -o nosuid,nodev,noexec proc /proc
  while read -r _ place _ options _; do
    case $place,$options in
      /,ro | /,ro,*) "$bb" mount -o remount,rw / ;;
    esac
  done </proc/mounts
  [ -c /dev/null ] || "$bb" mount -t devtmpfs -o nosuid devtmpfs /dev
  [ -c /dev/null ] || "$bb" mknod -m 666 /dev/null c 1 3
}

furnish() {
  mount_on sysfs /sys nosuid,nodev,noexec
  mount_on devtmpfs /dev nosuid
  mount_on devpts /dev/pts nosuid,noexec,gid=5,mode=620,ptmxmode=666
  mount_on tmpfs /dev/shm nosuid,nodev,mode=1777
  mount_on cgroup2 /sys/fs/cgroup nosuid,nodev,noexec
  mount_run
  [ -e /dev/fd ] || "$bb" ln -s /proc/self/fd /dev/fd
  # Where images send their logs.
  for stream in 0:stdin 1:stdout 2:stderr; do
    [ -e "/dev/${stream#*:}" ] || "$bb" ln -s "/proc/self/fd/${stream%:*}" "/dev/${stream#*:}"
  done
}

name_machine() {
  hostname=
  if [ -r /etc/hostname ]; then # the first line that is no comment, hostname(5)
    while read -r line || [ -n "$line" ]; do
      case $line in
        '' | '#'*) ;;
        *)
          hostname=$line
          break
          ;;
      esac
    done </etc/hostname
  fi
  echo "${hostname:-ashlar}" >/proc/sys/kernel/hostname
  "$bb" ip link set lo up
} 2>/dev/null

# An empty file waits for an id of this machine's own (machine-id(5)).
number_machine() {
  [ -f /etc/machine-id ] && [ ! -s /etc/machine-id ] || return
  read -r uuid </proc/sys/kernel/random/uuid
  "$bb" printf '%s\n' "$uuid" | "$bb" tr -d - >/etc/machine-id
} 2>/dev/null

# What the kernel was told of name servers (ip= of its command line).
name_servers() {
  [ -f /etc/resolv.conf ] && "$bb" grep -q '^nameserver' /etc/resolv.conf && return
  [ -r /proc/net/pnp ] || return
  "$bb" grep -E '^(nameserver|domain|search) ' /proc/net/pnp >>/etc/resolv.conf
} 2>/dev/null

start_command() {
  if [ ! -e /usr/lib/ashlar/command ]; then
    say 'the image has no command; a shell takes its place'
    "$bb" setsid "$bb" cttyhack "$bb" sh
    return
  fi
  . /usr/lib/ashlar/command
  [ -d "$workdir" ] || "$bb" mkdir -p "$workdir"
  if [ -n "$user" ]; then
    exec "$bb" setsid "$bb" su -p -s /usr/lib/ashlar/launch "$user"
  else
    exec "$bb" setsid "$bb" nsenter -G "$gid" -S "$uid" -- /usr/lib/ashlar/launch
  fi
}

# A signal ends `wait` early; the shell buries orphans while it waits.
await_command() {
  while :; do
    wait "$command_pid"
    code=$?
    "$bb" kill -0 "$command_pid" 2>/dev/null || break
  done
}

others_live() { # kernel threads have no exe
  for program in /proc/[0-9]*/exe; do
    [ "$program" != /proc/1/exe ] && [ -e "$program" ] && return 0
  done
  return 1
}

end_machine() {
  trap '' TERM INT PWR
  "$bb" kill -TERM -1 2>/dev/null
  tries=20
  while [ $tries -gt 0 ] && others_live; do
    tries=$((tries - 1))
    "$bb" usleep 100000
  done
  "$bb" kill -KILL -1 2>/dev/null
  "$bb" sync
  "$bb" mount -o remount,ro / 2>/dev/null
  "$bb" poweroff -f
  while :; do "$bb" sleep 60; done
}

# Anywhere else it would turn off the wrong machine.
if [ $$ != 1 ]; then
  echo 'ashlar: this is for the first process of a machine' >&2
  exit 1
fi

umask 022
furnish_first
furnish
name_machine
number_machine
name_servers
start_command &
command_pid=$!
trap '"$bb" kill -TERM "$command_pid"' TERM INT PWR
await_command
say "the command of the image ended with $code"
end_machine
