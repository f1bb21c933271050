#!/bin/sh
# seccomp-builtin.t - the tests of seccomp.t once more, with the runtime that has no libseccomp.
me=${0##*/} dir=$(cd "${0%/*}" && pwd)
builtin=$dir/../build/runtime-builtin
case ${RT##*/} in
'' | runtime*) ;;
*) builtin= ;;
esac
if [ -x "$builtin" ]; then
	# its messages start with the name it is called by
	work=$(mktemp -d "${TMPDIR:-/tmp}/builtin.XXXXXX") || exit 1
	trap 'rm -rf "$work"' EXIT
	chmod 755 "$work"
	cp "$builtin" "$work/runtime"
	RT=$work/runtime "${TEST_SH:-sh}" "$dir/seccomp.t" | sed "s/seccomp\.t/$me/"
else
	echo "ok - $me: all # SKIP needs build/runtime-builtin of this runtime"
	echo "# end $me"
fi
