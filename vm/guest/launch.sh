# Runs as root with the groups of the command's user, chrooted into the image, from where the kit can be seen in it (supervise.sh);
# its output is the command's output already. Becomes the command.

kit=${0%/lib/launch.sh}
PATH=$kit/bin
. "$kit/ashlar/command"
. "$kit/ashlar/argv"
cd "$workdir" || exit 126

find_program() { # NAME: sets $program to the path in $search_path, else $code to 126 or 127
  program=
  code=127
  left=$search_path:
  while [ -n "$left" ]; do
    directory=${left%%:*}
    left=${left#*:}
    candidate=${directory:-.}/$1
    [ -f "$candidate" ] || continue
    if [ -x "$candidate" ]; then
      program=$candidate
      return 0
    fi
    code=126
  done
  return 1
}

give_up() { # TEXT CODE
  echo "ashlar: cannot run $program: $1" >&2
  exit "$2"
}

name=$1
shift
case $name in
  */*)
    program=$name
    [ -e "$program" ] || [ -L "$program" ] || give_up 'no such file in the image' 127
    [ -e "$program" ] || give_up 'it is a symbolic link to a file that does not exist' 127
    [ -d "$program" ] && give_up 'it is a directory' 126
    [ -x "$program" ] || give_up 'it is not executable' 126
    ;;
  *)
    if ! find_program "$name"; then
      program=$name
      [ "$code" = 126 ] && give_up "what is found in $search_path is not executable" 126
      give_up "not found in $search_path" 127
    fi
    ;;
esac

set -- "$kit/bin/nsenter" -S "$guest_uid" -- "$program" "$@"
[ "$home_is_given" = yes ] || set -- "HOME=$guest_home" "$@"
. "$kit/ashlar/environment"
exec "$kit/bin/env" -i -- "$@"
