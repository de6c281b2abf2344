#!/bin/sh
# Installs what Ashlar needs on a Debian or Ubuntu machine, as far as it is missing: Debian packages (as root) and npm
# packages, among them the Node.js that Ashlar runs on. Usage: setup.sh [--tests | --bench]
set -eu
cd "$(dirname "$0")/.."

# What building and booting images needs.
packages="ca-certificates crun passt golang-github-containers-common qemu-system-x86 busybox-static cpio e2fsprogs tar
xz-utils util-linux mount iproute2 kmod mmdebstrap"
# What the tests hold Ashlar against.
test_packages="attr libcap2-bin acl skopeo buildah docker-registry radosgw ceph-mon ceph-osd libarchive-tools qemu-utils
libnbd-bin zstd bzip2 runc slirp4netns python3-minimal gcc libc6-dev umoci bind9-dnsutils openssl curl docker.io
containerd podman sudo"
bench_packages="docker-registry skopeo buildah umoci casync attr zstd nginx-light"

case "${1:-}" in
  --tests) packages="$packages $test_packages" ;;
  --bench) packages="$packages $bench_packages" ;;
  '') ;;
  *) echo "usage: setup.sh [--tests | --bench]" >&2; exit 2 ;;
esac

missing=''
for package in $packages; do
  # Some packages are named otherwise, or not at all, in other releases: what apt does not know is left to `ashlar doctor`.
  dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed || missing="$missing $package"
done
if [ -n "$missing" ]; then
  if [ "$(id -u)" -ne 0 ]; then
    echo "setup: these packages are missing, and installing them needs root:$missing" >&2
    exit 6
  fi
  export DEBIAN_FRONTEND=noninteractive
  echo "setup: installing$missing"
  log=$(mktemp)
  apt-get update >"$log" 2>&1 || { cat "$log" >&2; exit 6; }
  known=''
  for package in $missing; do
    if apt-cache show "$package" >/dev/null 2>&1; then known="$known $package"
    else echo "setup: this release has no package $package; going on without it" >&2
    fi
  done
  # Services that a package brings are not started: tests start their own.
  # shellcheck disable=SC2086
  RUNLEVEL=1 apt-get install -y --no-install-recommends $known >"$log" 2>&1 || { cat "$log" >&2; exit 6; }
  rm -f "$log"
fi

runtime=node_modules/node/bin/node
if [ ! -x "$runtime" ] || [ package-lock.json -nt node_modules/.package-lock.json ] ||
  [ "$(cat node_modules/.setup-node 2>/dev/null)" != "$("$runtime" --version)" ]; then
  echo "setup: installing npm packages"
  install_packages() { npm ci --no-audit --no-fund --loglevel=error "$@"; }
  # npm leaves out, without a word, what the Node.js that it runs on is too old for. So an old one brings ours, and with
  # that one npm installs the rest.
  path=$PATH
  if ! node -e 'process.exit(Number(process.versions.node.split(".")[0]) < 24)' 2>/dev/null; then
    install_packages --omit=dev
    own=$(mktemp -d)
    trap 'rm -rf "$own"' EXIT
    cp "$runtime" "$own/node"
    path=$own:$PATH
  fi
  PATH=$path NODE_NO_WARNINGS=1 install_packages
  "$runtime" --version >node_modules/.setup-node
fi
