# Runs as root, chrooted into the image, with the initramfs at /proc/1/root. Makes what the command may
# count on and the image may lack, then finds the command's user (resolve-user.sh, whose output it gives).
# Exits 2 with a message when the working directory cannot be had.

PATH=/proc/1/root/bin
. /proc/1/root/ashlar/command

if [ ! -s /etc/hosts ]; then
  { [ -d /etc ] || mkdir /etc; } && printf '127.0.0.1\tlocalhost\n::1\tlocalhost\n' >/etc/hosts
fi 2>/dev/null

[ -d "$workdir" ] || mkdir -p "$workdir" 2>/dev/null
if ! cd "$workdir" 2>/dev/null; then
  echo "the working directory $workdir cannot be made or entered"
  exit 2
fi

. /proc/1/root/lib/resolve-user.sh
