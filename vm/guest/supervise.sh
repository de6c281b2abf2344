# Read by init.sh, and by run-in-image.sh where the image's own init is the first process. Runs the command in the image, and
# tells the host on descriptor 3 how it ended. Who reads it says where things are:
#   kit                       the root of the guest's own programs and scripts, without a slash at its end
#   kit_in_image              the same, seen from the root of the image
#   image                     the root of the image, seen from the kit
#   stdout_port, stderr_port  devices of virtio-serial ports
#   kill_leftovers            ends what has the command's output open
# Whatever enters the image leaves to the kit first, so that both ways are the same for both.

halt_guest() {
  poweroff -f
  while :; do sleep 60; done
}

fail() { # STAGE TEXT
  echo "ashlar: $1: $2" >/dev/console
  { echo "failed $1"; echo "$2"; } >&3
  halt_guest
}

# Names the user to the kit with the uid of root and the groups of the image's user, so that su sets
# the groups; the uid itself is given up last, inside the image (launch.sh).
take_identity() {
  identity=$(chroot "$kit/" /bin/chroot "$image" "$kit_in_image/bin/sh" "$kit_in_image/lib/prepare-image.sh" 2>&1)
  case $? in
    0) ;;
    2) fail workdir "$identity" ;;
    *) fail user "$identity" ;;
  esac
  {
    read -r guest_uid guest_gid guest_groups
    read -r guest_home
  } <<END
$identity
END
  export guest_uid guest_home
  echo "guest:x:0:$guest_gid::/:/bin/sh" >"$kit/etc/passwd"
  for gid in $guest_groups; do echo "g$gid:x:$gid:guest"; done >"$kit/etc/group"
}

forward() { # NAME PORT: sets $forwarder; what is written to the fifo NAME goes to the port
  # World-writable, because a command may open /dev/stdout again under another user.
  mkfifo -m 666 "$kit/ashlar/$1"
  cat "$kit/ashlar/$1" >"$2" 3>&- &
  forwarder=$!
}

run_command() {
  echo started >&3
  time -o "$kit/ashlar/status" -f 'exit %x' \
    setsid chroot "$kit/" /bin/su -p -s /bin/chroot guest "$image" "$kit_in_image/bin/sh" "$kit_in_image/lib/launch.sh" \
    </dev/null >"$kit/ashlar/stdout" 2>"$kit/ashlar/stderr" 3>&-
}

report_ending() {
  ending=
  while read -r line; do
    case $line in
      'Command terminated by signal '*) ending="signal ${line##* }" ;;
      'exit '*) [ -n "$ending" ] || ending=$line ;;
    esac
  done <"$kit/ashlar/status"
  [ -n "$ending" ] || fail supervise 'the command killed the process that waits for it'
  echo "$ending" >&3
}

supervise() {
  take_identity
  forward stdout "$stdout_port"
  stdout_forwarder=$forwarder
  forward stderr "$stderr_port"
  stderr_forwarder=$forwarder
  run_command
  kill_leftovers
  wait "$stdout_forwarder" "$stderr_forwarder"
  report_ending
}
