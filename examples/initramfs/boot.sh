#!/bin/sh
# boot.sh - boots an initramfs under qemu, its console on this terminal: boot.sh [IMAGE [WORD...]]
#
# IMAGE is what build.sh made (default build/initramfs.gz), the WORDs go on the kernel's command line, for example
# runtime.then=reboot.  KVM is used where there is one and not needed.
#
#	KERNEL=FILE       the kernel (default: the one of `make deps`, else /boot/vmlinuz)
#	MEM=MB            memory (default 256)
set -eu
top=$(cd "$(dirname "$0")/../.." && pwd)
die() { echo "boot.sh: $*" >&2; exit 1; }

image=${1:-$top/build/initramfs.gz}
[ $# = 0 ] || shift
[ -f "$image" ] || die "no $image: run build.sh"
arch=$(uname -m)
case $arch in
x86_64) qemu=qemu-system-x86_64 machine=q35 console="ttyS0 no_timer_check" ;;  # a busy machine's timer may be late
aarch64) qemu=qemu-system-aarch64 machine=virt console=ttyAMA0 ;;
riscv64) qemu=qemu-system-riscv64 machine=virt console=ttyS0 ;;
arm*) qemu=qemu-system-arm machine=virt console=ttyAMA0 ;;
*) die "no machine is known for $arch" ;;
esac
command -v $qemu >/dev/null || die "no $qemu"
: "${KERNEL:=$(find "$top/build/kernel/boot" -name 'vmlinuz*' 2>/dev/null | head -n 1)}"
: "${KERNEL:=/boot/vmlinuz}"
[ -f "$KERNEL" ] || die "no kernel: set KERNEL"
accel=tcg
[ ! -w /dev/kvm ] || ! grep -qE '^flags.* (vmx|svm) ' /proc/cpuinfo || accel=kvm

exec $qemu -M $machine -accel $accel -cpu max -m "${MEM:-256}" -nic none -no-reboot -nographic \
	-kernel "$KERNEL" -initrd "$image" -append "console=$console quiet panic=-1 random.trust_cpu=1 $*"
