#!/usr/bin/env bash
# Uses the page of medner serve in Chromium, with the default model, and scores what the page exports as gold with medner eval. The
# question for a key is tried on a second server, which has a small model. Needs what scripts/install_for_tests.sh installs, and the default
# model (medner fetch-default).
#
#   scripts/check_serve_page.sh [FOLDER for screenshots]
set -euo pipefail
cd "$(dirname "$0")/.."
work=$(mktemp -d)
servers=()
trap 'kill "${servers[@]}" 2>/dev/null || true; rm -rf "$work"' EXIT
CGO_ENABLED=0 go build -o "$work/medner" ./cmd/medner

# start NAME ARGUMENTS… starts a server; address NAME waits until it is ready, and returns its address.
start() {
  "$work/medner" serve --listen 127.0.0.1:0 "${@:2}" 2> "$work/$1.log" &
  servers+=($!)
}
address() {
  for _ in $(seq 600); do
    url=$(sed -n 's/.*listening on \(http[^ ]*\).*/\1/p' "$work/$1.log" | head -1)
    [ -z "$url" ] || { echo "${url%/}/"; return; }
    sleep 0.5
  done
  cat "$work/$1.log" >&2
  exit 1
}
key=key-of-a-curator
start open --precision fast
MEDNER_API_KEY=$key start locked --model testdata/goldens/tiny-llama
open=$(address open) locked=$(address locked)
node server/page/test/e2e.mjs --url "$open" --locked "$locked" --lockedKey "$key" --gold testdata/cdr/sample.PubTator --out "$work/out" ${1:+--shots "$1"}
echo "gold that the page exported, scored against the corpus that it was made of:"
"$work/medner" eval --data "$work/out/reviewed.gold.PubTator" --predictions testdata/cdr/sample.PubTator
