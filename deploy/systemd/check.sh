#!/usr/bin/env bash
# check.sh MEDNER [MODEL]: has systemd read the units and rate their hardening, which
# security.txt holds as systemd 252 rated it, and, given a model, starts the program on a
# socket as systemd does. Needs systemd's programs, not a running systemd.
set -euo pipefail
medner=$(realpath -- "$1")
model=${2:+$(realpath -- "$2")}
cd -- "$(dirname -- "$0")"
dir=$(mktemp -d /tmp/medner-units.XXXXXX)
trap 'rm -rf "$dir"' EXIT
# verify wants the programs to be there, so the copies name ones that are; the link has a name
# without characters that sed or systemd would obey.
ln -s "$medner" "$dir/medner"
sed "s|/usr/local/bin/medner|$dir/medner|; s|/bin/kill|$(command -v true)|; s|^User=.*|User=root|; s|^Group=.*|Group=root|" medner.service >"$dir/medner.service"
cp medner.socket "$dir"
SYSTEMD_UNIT_PATH=$dir: systemd-analyze verify "$dir/medner.service" "$dir/medner.socket"
# Other versions rate other things; the threshold, 10, is a rating of 1.0.
systemd-analyze security --offline=yes --threshold=10 "$PWD/medner.service" | grep 'Overall exposure'

[ $# -gt 1 ] || exit 0
port=$((20000 + RANDOM % 10000))
systemd-socket-activate -l "127.0.0.1:$port" --setenv=PATH "$medner" serve --model "$model" 2>"$dir/log" &
server=$!
trap 'kill $server 2>/dev/null || true; rm -rf "$dir"' EXIT
for _ in $(seq 100); do
  # The first connection starts the program; --check asks until the model is loaded.
  if "$medner" serve --check --listen "127.0.0.1:$port" 2>/dev/null; then
    kill -TERM "$server"
    wait "$server"
    echo "it answered on the socket, and ended with code 0"
    exit 0
  fi
  sleep 0.2
done
cat "$dir/log"
exit 1
