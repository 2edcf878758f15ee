#!/usr/bin/env bash
# Uses the page of medner serve in Chromium, with the default model, and scores what the page exports as gold with medner eval. Needs what
# scripts/install_for_tests.sh installs, and the default model (medner fetch-default).
#
#   scripts/check_serve_page.sh [FOLDER for screenshots]
set -euo pipefail
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'kill "$server" 2>/dev/null || true; rm -rf "$work"' EXIT
server=
CGO_ENABLED=0 go build -o "$work/medner" ./cmd/medner
"$work/medner" serve --listen 127.0.0.1:0 --precision fast 2> "$work/log" &
server=$!
for _ in $(seq 600); do
  url=$(sed -n 's/.*listening on \(http[^ ]*\).*/\1/p' "$work/log" | head -1)
  [ -z "$url" ] || break
  kill -0 "$server" || { cat "$work/log"; exit 1; }
  sleep 0.5
done
node server/page/test/e2e.mjs --url "${url%/}/" --gold testdata/cdr/sample.PubTator --out "$work/out" ${1:+--shots "$1"}
echo "gold that the page exported, scored against the corpus that it was made of:"
"$work/medner" eval --data "$work/out/reviewed.gold.PubTator" --predictions testdata/cdr/sample.PubTator
