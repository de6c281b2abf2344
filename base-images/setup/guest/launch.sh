#!/usr/lib/ashlar/busybox sh
# Becomes the image's command, as the user that it has; started by init.

. /usr/lib/ashlar/command
cd "$workdir" || exit 126
become_command
