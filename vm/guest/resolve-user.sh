# Read by prepare-image.sh. Finds the user of the command in the image's /etc/passwd and /etc/group, as container runtimes do:
# a number is an id, whether listed or not; a listed user brings the groups that name it as a member, but
# not when a group is given. Prints "UID GID GID..." and on a second line the home directory; exits 1 with
# a message for a name that is not listed.

is_number() {
  case $1 in
    '' | *[!0-9]* | ???????????*) return 1 ;;
  esac
  [ "$1" -le 4294967294 ]
}

wanted_user=${user%%:*}
wanted_user=${wanted_user:-0}
wanted_group=
case $user in
  *:*) wanted_group=${user#*:} ;;
esac

uid=
gid=0
user_name=
home=/
is_number "$wanted_user" && uid=$wanted_user
wanted_uid=$uid
if [ -r /etc/passwd ]; then
  while IFS=: read -r name _ entry_uid entry_gid _ entry_home _ || [ -n "$name" ]; do
    { is_number "$entry_uid" && is_number "$entry_gid"; } || continue
    if [ -n "$wanted_uid" ]; then
      [ "$entry_uid" -eq "$wanted_uid" ] || continue
    else
      [ "$name" = "$wanted_user" ] || continue
    fi
    uid=$entry_uid
    gid=$entry_gid
    user_name=$name
    home=${entry_home:-/}
    break
  done </etc/passwd
fi
if [ -z "$uid" ]; then
  echo "the user $wanted_user is not in the image's /etc/passwd"
  exit 1
fi

groups=
if [ -n "$wanted_group" ]; then
  gid=
  is_number "$wanted_group" && gid=$wanted_group
fi
if [ -r /etc/group ]; then
  while IFS=: read -r name _ entry_gid members || [ -n "$name" ]; do
    is_number "$entry_gid" || continue
    if [ -n "$wanted_group" ]; then
      if [ -z "$gid" ] && [ "$name" = "$wanted_group" ]; then gid=$entry_gid; fi
    elif [ -n "$user_name" ]; then
      case ",$members," in
        *",$user_name,"*) groups="$groups $entry_gid" ;;
      esac
    fi
  done </etc/group
fi
if [ -z "$gid" ]; then
  echo "the group $wanted_group is not in the image's /etc/group"
  exit 1
fi

echo "$uid $gid$groups"
echo "$home"
