#!/bin/busybox sh
# PID 1 of the guest, from the initramfs. Needs nothing from the image on the root disk.
#
# Reports to the host, in lines on the port ashlar.control:
#   ready              kernel and drivers are up
#   mounted            the root disk is mounted
#   handed             the image's own init becomes the first process (hand-over.sh); else left out
#   started            the command is about to run
#   exit N | signal N  how the command ended; its output has left the guest by then
#   failed STAGE       no command result will come; the rest of the stream says why
# Without an archive that brings /ashlar/command (see command-archive.ts) it reports ready and powers off.

export PATH=/bin
umask 022
kit=
kit_in_image=/proc/1/root
image=/root
. /lib/supervise.sh

wait_until() { # COMMAND...: polls for 10 s
  tries=1000
  until "$@"; do
    tries=$((tries - 1))
    [ $tries -gt 0 ] || return 1
    usleep 10000
  done
}

find_port() { # NAME: sets $port to the device of a virtio-serial port
  for entry in /sys/class/virtio-ports/*; do
    name=
    { read -r name <"$entry/name"; } 2>/dev/null
    port=/dev/${entry##*/}
    [ "$name" = "$1" ] && [ -c "$port" ] && return 0
  done
  return 1
}

load_drivers() {
  mount -t proc proc /proc
  mount -t sysfs sysfs /sys
  mount -t devtmpfs devtmpfs /dev
  while read -r module; do
    insmod "/modules/$module" || echo "ashlar: module $module does not load" >/dev/console
  done </modules/order
}

find_ports() {
  wait_until find_port ashlar.stdout || fail ports 'the port ashlar.stdout is missing'
  stdout_port=$port
  wait_until find_port ashlar.stderr || fail ports 'the port ashlar.stderr is missing'
  stderr_port=$port
}

mount_root() {
  wait_until [ -b /dev/vda ] || fail root 'the root disk does not appear'
  message=$(mount -t ext4 -o noatime /dev/vda /root 2>&1) || fail root "$message"
}

mount_on() { # TYPE DIRECTORY OPTIONS: makes the directory in the image where it is missing
  [ -d "/root$2" ] || mkdir "/root$2"
  if [ -L "/root$2" ]; then
    echo "ashlar: $2 of the image is a symbolic link; nothing is mounted there" >/dev/console
  else
    mount -t "$1" -o "$3" "$1" "/root$2"
  fi
}

furnish_root() {
  mount_on proc /proc nosuid,nodev,noexec
  mount_on sysfs /sys nosuid,nodev,noexec
  mount_on devtmpfs /dev nosuid
  mount_on devpts /dev/pts nosuid,noexec,gid=5,mode=620,ptmxmode=666
  mount_on tmpfs /dev/shm nosuid,nodev,mode=1777
  mount_on tmpfs /run nosuid,nodev,mode=755
  [ -e /root/tmp ] || [ -L /root/tmp ] || mount_on tmpfs /tmp nosuid,nodev,mode=1777
  [ -d /root/proc/1/root ] || fail root 'the image has no directory /proc'
  ln -s /proc/self/fd /dev/fd
  ln -s /proc/self/fd/0 /dev/stdin
  ln -s /proc/self/fd/1 /dev/stdout
  ln -s /proc/self/fd/2 /dev/stderr
  echo ashlar >/proc/sys/kernel/hostname
  ip link set lo up
}

# Ends what the command left behind, so that the fifos have no writer any more. Kernel threads have no exe.
kill_leftovers() {
  tries=200
  while [ $tries -gt 0 ]; do
    tries=$((tries - 1))
    leftovers=
    for entry in /proc/[0-9]*; do
      case ${entry#/proc/} in
        1 | "$stdout_forwarder" | "$stderr_forwarder") ;;
        *) [ -e "$entry/exe" ] && leftovers="$leftovers ${entry#/proc/}" ;;
      esac
    done
    [ -n "$leftovers" ] || return
    kill -9 $leftovers 2>/dev/null
    [ $tries -lt 190 ] && usleep 10000
  done
}

load_drivers
wait_until find_port ashlar.control || {
  echo 'ashlar: the control port does not appear' >/dev/console
  halt_guest
}
control_port=$port
exec 3>"$control_port"
echo ready >&3
[ -e /ashlar/command ] || halt_guest

mount_root
echo mounted >&3
find_ports
if [ -e /ashlar/own-init ]; then
  . /lib/hand-over.sh
fi
ulimit -Hn 524288
furnish_root
supervise
halt_guest
