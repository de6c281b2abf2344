# Started by systemd at once: says on the console what it waits for, if it takes long, as older ones do not.

kit=/dev/.ashlar
PATH=$kit/bin

sleep 15
while :; do
  jobs=$(PATH=/usr/bin:/bin systemctl list-jobs --no-legend --no-pager 2>/dev/null)
  units=
  while read -r _ unit _ state; do
    [ "$state" = running ] && [ "$unit" != ashlar-boot.service ] && units="$units $unit"
  done <<END
$jobs
END
  [ -z "$units" ] || echo "ashlar: systemd waits for$units" >/dev/console
  sleep 10
done
