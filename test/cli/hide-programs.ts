/**
 * A prefix for a command line that makes the machine look as if these programs were not installed: in a mount
 * namespace of its own, a device that cannot be executed lies over each. Needs root.
 */
export function hidePrograms(...names: readonly string[]): string[] {
  const hide = `for name in ${names.join(' ')}; do
    for place in /usr/local/sbin /usr/local/bin /usr/sbin /usr/bin /sbin /bin; do
      if [ -e "$place/$name" ]; then echo "$place/$name"; fi
    done
  done | xargs -r readlink -f | sort -u | xargs -r -n 1 mount --bind /dev/null
  exec "$@"`;
  return ['unshare', '--mount', 'sh', '-c', hide, 'sh'];
}
