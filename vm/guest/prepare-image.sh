# Runs as root, chrooted into the image, from where the kit can be seen in it (supervise.sh). Makes what the command may count on
# and the image may lack, then finds the command's user (resolve-user.sh, whose output it gives).
# Exits 2 with a message when the working directory cannot be had.

kit=${0%/lib/prepare-image.sh}
PATH=$kit/bin
. "$kit/ashlar/command"

# The name that the image has in /etc/hosts too: without it sudo waits for it. Its first line that is no comment, hostname(5).
if [ ! -e "$kit/ashlar/own-init" ] && [ -f /etc/hostname ]; then
  while read -r line || [ -n "$line" ]; do
    case $line in
      '' | '#'*) ;;
      *)
        printf '%s\n' "$line" >/proc/sys/kernel/hostname
        break
        ;;
    esac
  done </etc/hostname
fi 2>/dev/null

# A machine of the image's own would not have it either.
if [ ! -e "$kit/ashlar/own-init" ] && [ ! -s /etc/hosts ]; then
  { [ -d /etc ] || mkdir /etc; } && printf '127.0.0.1\tlocalhost\n::1\tlocalhost\n' >/etc/hosts
fi 2>/dev/null

[ -d "$workdir" ] || mkdir -p "$workdir" 2>/dev/null
if ! cd "$workdir" 2>/dev/null; then
  echo "the working directory $workdir cannot be made or entered"
  exit 2
fi

. "$kit/lib/resolve-user.sh"
