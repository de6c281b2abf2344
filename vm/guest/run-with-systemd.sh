# Started by systemd when the default target was reached, or will not be, or when it gave up on the way there and would ask for
# repairs on the console. Runs the command of this boot, or tells the host which units failed, and ends the machine.

kit=/dev/.ashlar
PATH=$kit/bin

systemctl() {
  PATH=/usr/bin:/bin command systemctl --no-pager "$@" 2>/dev/null
}

# What a job waits for may also have been taken off the list.
if [ "$(systemctl is-active default.target)" = active ]; then
  exec sh "$kit/lib/run-in-image.sh" poweroff
fi

. "$kit/ashlar/ports"
. "$kit/lib/supervise.sh"
exec 3>"$control_port"
units=
while read -r unit _; do
  case $unit in
    '' | ashlar-*) ;;
    *) units="$units $unit" ;;
  esac
done <<END
$(systemctl list-units --state=failed --plain --no-legend)
END
fail emergency "the default target was not reached${units:+; units that failed:$units}"
