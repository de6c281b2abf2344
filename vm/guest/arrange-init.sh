# Runs chrooted into the image, before its own init is started: lets that run the command of this boot once everything else is
# up, and prints the path of that init in its last line. Writes reach the throw-away overlay alone. Fails with a message where
# there is none, or none that is known here.

set -e
kit=/dev/.ashlar
PATH=$kit/bin
run_command="$kit/bin/sh $kit/lib/run-in-image.sh"

find_init() { # where the kernel looks, in its order
  for init in /sbin/init /etc/init /bin/init; do
    [ -f "$init" ] && [ -x "$init" ] && return
  done
  echo 'none of /sbin/init, /etc/init and /bin/init is a program'
  exit 1
}

arrange_ashlar() {
  cat >/usr/lib/ashlar/command <<END
user=
uid=0
gid=0
workdir=/
become_command() {
  exec $run_command
}
END
}

# systemd keeps a /run that is mounted already. Units there come before those of packages, and a preset does not reach them.
arrange_systemd() {
  [ -d /run ] || mkdir /run
  mount -t tmpfs -o nosuid,nodev,mode=755 tmpfs /run
  units=/run/systemd/system
  mkdir -p "$units/default.target.wants" "$units/emergency.target.wants"
  run="$kit/bin/sh $kit/lib/run-with-systemd.sh"
  unit ashlar-boot 'the command of this boot' default.target "$run"
  ln -s ../ashlar-boot.service "$units/default.target.wants/"
  unit ashlar-emergency 'why it is an emergency' '' "$run"
  ln -s ../ashlar-emergency.service "$units/emergency.target.wants/"
  unit ashlar-jobs 'what is waited for' '' "$kit/bin/sh $kit/lib/tell-jobs.sh"
  ln -s ../ashlar-jobs.service "$units/default.target.wants/"
  # Nobody sits at the console.
  for console in $(cat "$kit/ashlar/consoles"); do
    ln -s /dev/null "$units/serial-getty@$console.service"
  done
}

unit() { # NAME DESCRIPTION AFTER COMMAND
  cat >"$units/$1.service" <<END
[Unit]
Description=Ashlar: $2
DefaultDependencies=no
After=$3

[Service]
ExecStart=$4
StandardOutput=null
StandardError=null
END
}

# Entries are worked off in their order; those before are waited for (inittab(5), `wait`).
arrange_sysvinit() {
  printf '\n%s\n' "zz:12345:once:$run_command poweroff" >>/etc/inittab
}

arrange_busybox() {
  [ -f /etc/inittab ] || echo '::sysinit:/etc/init.d/rcS' >/etc/inittab
  printf '\n%s\n' "::once:$run_command poweroff" >>/etc/inittab
}

find_init
program=$(readlink -f "$init")
case $program in
  /usr/lib/ashlar/init) arrange_ashlar ;;
  */systemd) arrange_systemd ;;
  */busybox) arrange_busybox ;;
  *)
    if [ ! -f /etc/inittab ]; then
      echo "$program is an init of an unknown kind"
      exit 1
    fi
    arrange_sysvinit
    ;;
esac
echo "$init"
