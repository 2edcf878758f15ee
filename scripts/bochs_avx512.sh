#!/usr/bin/env bash
# bochs_avx512.sh DIR [TESTS]: runs the tests of package kernels whose names match
# TESTS (default: those that compare variants) on an emulated processor with
# AVX-512 and VNNI. Linux boots in Bochs in a minute; the tests take a few more.
# DIR receives all files, among them serial.txt with the output.
#   apt-get install bochs isolinux syslinux-common xorriso cpio busybox-static
set -euo pipefail
mkdir -p "$1/rd/bin" "$1/rd/proc" "$1/iso"
dir=$(cd "$1" && pwd)
tests=${2:-'TestVectorProducts|TestFastVectorProducts|TestMatMul|TestFastExtremes|TestLowRank$|TestAttention|TestVector|TestExp|TestSoftmax|TestLogSumExp|TestSiLUMul|TestSelect|TestRMSNorm|TestElementwise|TestBitsEverywhere|TestForce'}

# Bochs 2.7 rounds float32 to float16 with ties away from zero. Tests of that
# rounding fail unless their oracle does the same.
rm -rf "$dir/float16"
cp -r "$(go list -m -f '{{.Dir}}' github.com/x448/float16)" "$dir/float16"
chmod -R u+w "$dir/float16"
sed -i 's/ && (coef&(3\*roundBit-1)) != 0//' "$dir/float16/float16.go"
cp go.mod go.sum "$dir"
go mod edit -replace "github.com/x448/float16=$dir/float16" "$dir/go.mod"
CGO_ENABLED=0 go test -c -modfile "$dir/go.mod" -o "$dir/rd/kernels.test" ./kernels

cd "$dir"
[ -e iso/vmlinuz ] || {
  apt-get -qq download "$(apt-cache depends linux-image-cloud-amd64 | sed -n 's/ *Depends: //p' | head -1)"
  dpkg-deb --fsys-tarfile linux-image-*.deb | tar -xO --wildcards './boot/vmlinuz-*' >iso/vmlinuz
}
cp /bin/busybox rd/bin/
# Go's garbage collector uses instructions that Bochs gets wrong.
cat >rd/init <<INIT
#!/bin/busybox sh
/bin/busybox mount -t proc proc /proc
GOGC=off MEDNER_CPU=$(printf %q "${MEDNER_CPU:-}") /kernels.test -test.short -test.v -test.run '$tests'
echo "exit status \$?"
/bin/busybox sleep 3 # the serial line is slow
/bin/busybox poweroff -f
INIT
chmod +x rd/init
(cd rd && find . | cpio --quiet -o -H newc | gzip -1) >iso/initrd
cp /usr/lib/ISOLINUX/isolinux.bin /usr/lib/syslinux/modules/bios/ldlinux.c32 iso/
# The features that are cleared mean different things to this kernel and to Bochs.
cat >iso/isolinux.cfg <<'BOOT'
DEFAULT l
LABEL l
 KERNEL vmlinuz
 APPEND initrd=initrd console=ttyS0 quiet tsc=reliable mitigations=off lpj=1000000 clearcpuid=aperfmperf,pku,xsaves,xsavec,fsrm random.trust_cpu=on
BOOT
xorriso -as mkisofs -quiet -o boot.iso -b isolinux.bin -c boot.cat -no-emul-boot -boot-load-size 4 -boot-info-table iso 2>/dev/null
cat >bochsrc <<'RC'
cpu: model=corei7_icelake_u, count=1, ips=50000000, reset_on_triple_fault=0
memory: guest=1024, host=1024
romimage: file=/usr/share/bochs/BIOS-bochs-latest
vgaromimage: file=/usr/share/bochs/VGABIOS-lgpl-latest
ata0-master: type=cdrom, path=boot.iso, status=inserted
boot: cdrom
plugin_ctrl: serial=1
com1: enabled=1, mode=file, dev=serial.txt
display_library: rfb, options="timeout=0"
sound: driver=dummy, waveoutdrv=dummy, waveindrv=dummy, midioutdrv=dummy
clock: sync=none
log: bochs.log
panic: action=fatal
error: action=ignore
info: action=ignore
RC
echo c >commands # tells the debugger to start
bochs -q -f bochsrc -rc commands >bochs.out 2>&1 </dev/null || true
tr -d '\r' <serial.txt | grep -E '^ *(---|FAIL|PASS|panic|exit status|[a-z_]*\.go:)|_test.go:'
grep -q '^exit status 0' serial.txt
