#!/usr/bin/env bash
# Installs with apt what some tests need and this machine lacks: g++, to run CUDA
# kernels on the CPU, qemu-user, to run programs for other processors, chromium and
# nodejs, to use the page of medner serve; and with npm what drives the browser.
# Without them those tests are skipped.
set -euo pipefail
cd "$(dirname "$0")/.."
missing=()
command -v g++ >/dev/null || missing+=(g++)
command -v qemu-aarch64 >/dev/null || missing+=(qemu-user)
[ -x /usr/bin/chromium ] || missing+=(chromium)
command -v node >/dev/null || missing+=(nodejs)
command -v npm >/dev/null || missing+=(npm)
root=()
[ "$(id -u)" = 0 ] || root=(sudo -n)
if [ ${#missing[@]} -gt 0 ]; then
  if ! command -v apt-get >/dev/null || ! "${root[@]}" apt-get update -qq || ! "${root[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null; then
    echo "no ${missing[*]} here, and they could not be installed: tests that need them are skipped" >&2
  fi
fi
if command -v npm >/dev/null && ! npm ci --silent --no-audit --no-fund --prefix server/page/test; then
  echo "npm could not install what drives the browser: the page is not tested in one" >&2
fi
