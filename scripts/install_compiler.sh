#!/usr/bin/env bash
# Installs g++ where it is missing and apt can: CUDA kernels are tested on the
# CPU with it. Without it those tests are skipped.
set -euo pipefail
command -v g++ >/dev/null && exit 0
root=()
[ "$(id -u)" = 0 ] || root=(sudo -n)
if command -v apt-get >/dev/null && "${root[@]}" apt-get update -qq && "${root[@]}" apt-get install -y -qq --no-install-recommends g++ >/dev/null; then
  exit 0
fi
echo "no g++ here, and it could not be installed: tests of CUDA kernels are skipped" >&2
