#!/usr/bin/env bash
# Installs what some tests need, where it is missing and apt can: g++, with
# which CUDA kernels run on the CPU, and qemu-user, which stands for other
# processors. Without them those tests are skipped.
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
