# Started by the image's own init when the machine is up. Runs the command of this boot, and with the argument `poweroff` ends the
# machine; Ashlar's own init does so by itself.

kit=/dev/.ashlar
kit_in_image=$kit
image=/proc/1/root
PATH=$kit/bin
export PATH
umask 022
. $kit/ashlar/ports
. $kit/lib/supervise.sh

# Ends what has the command's output open; the image's own programs go on.
kill_leftovers() {
  tries=200
  while [ $tries -gt 0 ]; do
    tries=$((tries - 1))
    leftovers=
    for entry in /proc/[0-9]*; do
      case ${entry#/proc/} in
        1 | "$$" | "$stdout_forwarder" | "$stderr_forwarder") continue ;;
      esac
      for open in "$entry"/fd/*; do
        [ "$open" -ef "$kit/ashlar/stdout" ] || [ "$open" -ef "$kit/ashlar/stderr" ] || continue
        leftovers="$leftovers ${entry#/proc/}"
        break
      done
    done
    [ -n "$leftovers" ] || return
    kill -9 $leftovers 2>/dev/null
    [ $tries -lt 190 ] && usleep 10000
  done
}

exec 3>"$control_port"
mount -t proc -o nosuid,nodev,noexec proc "$kit/proc" || fail supervise 'proc cannot be mounted'
supervise
[ "$1" != poweroff ] || halt_guest
