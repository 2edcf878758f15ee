#!/usr/bin/env bash
# Installs with apt what some tests need and this machine lacks: g++, to run CUDA
# kernels on the CPU, and qemu-user, to run programs for other processors. Without
# them those tests are skipped.
set -euo pipefail
missing=()
command -v g++ >/dev/null || missing+=(g++)
command -v qemu-aarch64 >/dev/null || missing+=(qemu-user)
[ ${#missing[@]} -gt 0 ] || exit 0
root=()
[ "$(id -u)" = 0 ] || root=(sudo -n)
if command -v apt-get >/dev/null && "${root[@]}" apt-get update -qq && "${root[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null; then
  exit 0
fi
echo "no ${missing[*]} here, and they could not be installed: tests that need them are skipped" >&2
