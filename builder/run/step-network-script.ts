/**
 * Addresses between container, router and helper: the range that RFC 2544 keeps for benchmarks, and a random prefix of
 * RFC 4193. A step cannot reach machines of these ranges; nothing else is shadowed.
 */
const router4 = '198.18.0.1';
const container4 = '198.18.0.100';
const helper4 = '198.18.0.2';
const uplink4 = '198.18.0.4';
const router6 = 'fdc5:a31e:71d4:1::1';
const container6 = 'fdc5:a31e:71d4:1::100';

/**
 * What a step must not reach. A host takes 0.0.0.0/8 and :: for its loopback, and ::ffff:0:0/96 for the IPv4
 * address inside. The kernel drops most of these by itself; that is not left to chance. Metadata services
 * outside of link-local: Azure 168.63.129.16, Alibaba 100.100.100.200, AWS fd00:ec2::254, Google fd20:ce::254.
 */
export const prohibited4 = [
  '0.0.0.0/8',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '168.63.129.16/32',
  '100.100.100.200/32',
];
export const prohibited6 = [
  '::/96',
  '::ffff:0:0/96',
  'fe80::/10',
  'fd00:ec2::254/128',
  'fd20:ce::254/128',
];

/**
 * Args: helper (pasta, slirp4netns, none for no way out), address families ("4", "6", "46"), the addresses that answer DNS,
 * the range that is local to the router for names that are taken, or nothing. Prints the path of the
 * container's network namespace; the router's lies beside it. Namespaces are held by bind mounts and end with the mount namespace; below
 * /run/user, where there is one, because AppArmor profiles of pasta let it open them there alone.
 */
export const networkScript = `
set -eu
helper=$1 families=$2 dns4=$3 dns6=$4 taken=$5
case $helper in slirp4netns) families=4 ;; esac
log=$PWD/network.log
nets=$PWD
if [ -d /run/user ]; then
  mount -n -t tmpfs -o mode=0755,size=64k ashlar /run/user
  mkdir -p /run/user/0/netns
  nets=/run/user/0/netns
fi
: > "$nets/router"
: > "$nets/container"

unshare --net="$nets/container" sh -euc '
  for scope in all default; do
    if [ -d /proc/sys/net/ipv6 ]; then
      echo 0 > "/proc/sys/net/ipv6/conf/$scope/accept_ra"
      echo 0 > "/proc/sys/net/ipv6/conf/$scope/accept_dad"
    fi
  done
  ip link set lo up
'
unshare --net="$nets/router" sh -euc '
  nets=$1 families=$2 taken=$3
  if [ -d /proc/sys/net/ipv6 ]; then
    for scope in all default; do
      echo 0 > "/proc/sys/net/ipv6/conf/$scope/accept_ra"
      echo 0 > "/proc/sys/net/ipv6/conf/$scope/accept_dad"
      echo 1 > "/proc/sys/net/ipv6/conf/$scope/forwarding"
    done
  fi
  echo 1 > /proc/sys/net/ipv4/ip_forward
  ip link set lo up
  ip link add container mtu 65520 type veth peer name eth0 mtu 65520 netns "$nets/container"
  ip link set container up
  case $families in *4*)
    ip address add ${router4}/32 dev container
    ip route add ${container4}/32 dev container
    for net in ${prohibited4.join(' ')}; do ip route add prohibit "$net"; done ;;
  esac
  case $families in *6*)
    ip -6 address add ${router6}/64 dev container nodad
    for net in ${prohibited6.join(' ')}; do ip -6 route add prohibit "$net" metric 1; done ;;
  esac
  if [ -n "$taken" ]; then
    ip address replace ${router4}/32 dev container
    ip route replace ${container4}/32 dev container
    ip route add local "$taken" dev lo
  fi
' sh "$nets" "$families" "$taken"
nsenter --net="$nets/container" sh -euc '
  families=$1 taken=$2
  ip link set eth0 up
  case $families in *4*)
    ip address add ${container4}/32 dev eth0
    ip route add ${router4}/32 dev eth0
    ip route add default via ${router4} ;;
  esac
  case $families in *6*)
    ip -6 address add ${container6}/64 dev eth0 nodad
    ip -6 route add default via ${router6} ;;
  esac
  if [ -n "$taken" ]; then
    ip address replace ${container4}/32 dev eth0
    ip route replace ${router4}/32 dev eth0
    ip route add "$taken" via ${router4}
  fi
' sh "$families" "$taken"

case $families in 4) only=--ipv4-only dns=$dns4 ;; 6) only=--ipv6-only dns=$dns6 ;;
*) only= dns="$dns4 --dns-forward $dns6" ;; esac
case $helper in
pasta)
  # It leaves to the background once the interface is there. Root, or it could not join the namespace; it
  # then gives up its file system and capabilities by itself.
  pasta --runas 0:0 --netns "$nets/router" --ns-ifname uplink --mtu 65520 $only --quiet \\
    --tcp-ports none --udp-ports none --tcp-ns none --udp-ns none --no-map-gw \\
    --no-dhcp --no-dhcpv6 --no-ra --dns-forward $dns < /dev/null > "$log" 2>&1 ;;
slirp4netns)
  mkfifo network.ready
  slirp4netns --netns-type=path --cidr=198.18.0.0/24 --mtu=65520 --disable-host-loopback \\
    --enable-sandbox --enable-seccomp --ready-fd=3 "$nets/router" uplink \\
    < /dev/null > "$log" 2>&1 3> network.ready &
  cat network.ready > /dev/null ;;
esac

case $helper in none) printf '%s\\n' "$nets/container"; exit ;; esac
nsenter --net="$nets/router" sh -euc '
  families=$1
  ip link set uplink mtu 65520 up
  case $families in *4*)
    echo 1 > /proc/sys/net/ipv4/conf/uplink/proxy_arp
    ip address add ${uplink4}/32 dev uplink
    ip route add default via ${helper4} dev uplink onlink ;;
  esac
  case $families in *6*)
    ip -6 route add default via fe80::2 dev uplink onlink ;;
  esac
' sh "$families"
printf '%s\\n' "$nets/container"
`;
