# Read by init.sh where the image's own init shall be the first process. The image gets what a kernel gives that mounts its disk
# by itself, a devtmpfs on /dev; in there, where no init takes it away, lies what is needed after the initramfs is gone.

kit=/dev/.ashlar
mount_on devtmpfs /dev nosuid
[ -c /root/dev/null ] || fail root 'the image has no directory /dev'
mkdir -m 700 "$kit"
mkdir "$kit/proc"
cp -a /bin /lib /etc /ashlar "$kit/" || fail root 'the programs of the guest do not fit into /dev'
{
  echo "control_port=$control_port"
  echo "stdout_port=$stdout_port"
  echo "stderr_port=$stderr_port"
} >"$kit/ashlar/ports"
cat /sys/class/tty/console/active >"$kit/ashlar/consoles"

told=$(chroot /root "$kit/bin/sh" "$kit/lib/arrange-init.sh" 2>&1) || fail init "$told"
init=${told##*
}
echo handed >&3
exec 3>&-
# The environment is that of a first process of the kernel.
exec env -i HOME=/ TERM=linux switch_root -c /dev/console /root "$init"
