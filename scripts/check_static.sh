#!/usr/bin/env bash
# Checks that the binary is static and under 30 MB (a quarter of it is the default adapter), runs in an empty file system
# and on any x86-64, and writes there what it writes here. A step of 3 MB is most likely text/template or whatever else
# looks up methods by name, for which the linker keeps every exported method: go build -ldflags=-dumpdep names it, with
# the mark <ReflectMethod>.
set -euo pipefail
bin=$1
size=$(stat -c %s "$bin")
[ "$size" -lt 30000000 ] || { echo "$bin: $size bytes, expected under 30 MB"; exit 1; }
if command -v file >/dev/null; then
  file "$bin" | grep -q 'statically linked' || { file "$bin"; exit 1; }
elif command -v readelf >/dev/null; then
  ! readelf -d "$bin" | grep -q NEEDED || { readelf -d "$bin"; exit 1; }
fi
if [ "$(id -u)" = 0 ]; then
  root=$(mktemp -d)
  trap 'rm -rf "$root"' EXIT
  cp "$bin" "$root/medner"
  chroot "$root" /medner version
else
  "$bin" version
fi
if command -v qemu-x86_64 >/dev/null && [ "$(uname -m)" = x86_64 ]; then
  ids() { echo '[1,5,9,33,77]' | "$@" "$bin" generate --model testdata/goldens/tiny-llama-nf4 --token-ids - --max-new-tokens 8 --json | sed 's/"timings".*//'; }
  here=$(ids env)
  for cpu in qemu64 Haswell; do
    there=$(ids qemu-x86_64 -cpu $cpu 2>/dev/null) || { echo "$bin: fails on the processor $cpu"; exit 1; }
    [ "$here" = "$there" ] || { echo "$bin: on the processor $cpu: $there, expected $here"; exit 1; }
  done
else
  echo "$bin: not run on other processors, as there is no qemu-x86_64 (Debian's package qemu-user)"
fi
echo "$bin: static, $size bytes"
