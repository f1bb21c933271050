#!/bin/sh
# build.sh - an initramfs that is nothing but containers: build.sh [-o FILE] [BUNDLE...]
#
# The image (default build/initramfs.gz) holds the runtime as /init and each BUNDLE, a directory with config.json
# and its root file system, below /containers under its own name.  Without a BUNDLE a small one is made from busybox:
# it says hello and ends, so that the machine is powered off.
#
#	RUNTIME=FILE      the runtime (default: the one of this tree, else runtime in $PATH)
#	EXTRA=DIR         its contents go into the image, too: another init, say
#	BUSYBOX=FILE      a static busybox: for the bundle, and where there is no cpio (default: the one in build/, in $PATH)
set -eu
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
die() { echo "build.sh: $*" >&2; exit 1; }
# copy FROM TO: directories; hard links stay what they are (cp -R would make a file of each name of busybox)
copy() { mkdir -p "$2" && (cd "$1" && tar -cf - .) | (cd "$2" && tar -xf -); }

image=
if [ "${1:-}" = -o ]; then
	[ $# -ge 2 ] || die "-o needs a file"
	image=$2
	shift 2
fi
: "${image:=$top/build/initramfs.gz}"
first() { for f; do [ ! -x "$f" ] || { echo "$f"; return; }; done; }
RUNTIME=${RUNTIME:-$(first "$top/runtime" "$(command -v runtime || :)")}
BUSYBOX=${BUSYBOX:-$(first "$top/build/busybox" "$(command -v busybox || :)")}
[ -x "$RUNTIME" ] || die "no runtime: run 'make', or set RUNTIME"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
root=$work/root
mkdir -p "$root/containers"
cp "$RUNTIME" "$root/init"
chmod 755 "$root/init"

if [ $# = 0 ]; then
	[ -x "$BUSYBOX" ] || die "no busybox: set BUSYBOX"
	"$here/../busybox/bundle.sh" "$root/containers/hello" "$BUSYBOX" >/dev/null
	(cd "$root/containers/hello" && "$RUNTIME" spec &&
		sed -e 's/"terminal": true/"terminal": false/' \
		    -e 's|^\t\t\t"sh"$|\t\t\t"sh", "-c", "echo hello from a container on Linux $(uname -r)"|' config.json >config.new &&
		mv config.new config.json)
fi
for bundle; do
	[ -f "$bundle/config.json" ] || die "$bundle: no config.json"
	copy "$bundle" "$root/containers/$(basename "$bundle")"
done

[ -z "${EXTRA:-}" ] || copy "$EXTRA" "$root"

if command -v cpio >/dev/null; then cpio=cpio; else cpio="$BUSYBOX cpio"; fi
mkdir -p "$(dirname "$image")"
(cd "$root" && find . | LC_ALL=C sort | $cpio -o -H newc -R 0:0 2>/dev/null) | gzip -n >"$image.new"
mv "$image.new" "$image"
echo "$image: $(($(wc -c <"$image") / 1024)) KiB"
