#!/usr/bin/env bash
# The binary must be static, under 30 MB, and run where there is nothing else.
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
echo "$bin: static, $size bytes"
