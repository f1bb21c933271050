#!/bin/sh
# bundle.sh - makes a bundle from one static busybox.
#
#	examples/busybox/bundle.sh DIR [BUSYBOX]
#
# DIR gets rootfs/bin with busybox and a name for each of its commands, and the directories that the usual
# mounts go on.  BUSYBOX must be static (default: build/busybox, unpacked by `make deps` and `make demo`).
# A bundle also needs a config.json: (cd DIR && runtime spec)
set -eu

[ $# -ge 1 ] || { sed -n 's/^#	/usage: /p' "$0" >&2; exit 1; }
case $0 in */*) here=${0%/*} ;; *) here=. ;; esac
root=$1/rootfs
busybox=${2:-$here/../../build/busybox}

[ -x "$busybox" ] || { echo "bundle.sh: no static busybox at $busybox" >&2; exit 1; }
[ ! -e "$root" ] || { echo "bundle.sh: $root exists" >&2; exit 1; }

for d in bin dev etc proc root sys tmp; do
	mkdir -p "$root/$d"
done
chmod 1777 "$root/tmp"
cp "$busybox" "$root/bin/busybox"
chmod 755 "$root/bin/busybox"
"$root/bin/busybox" --install "$root/bin"        # hard links, made by one process
echo 'root:x:0:0:root:/root:/bin/sh' >"$root/etc/passwd"
echo 'root:x:0:' >"$root/etc/group"
