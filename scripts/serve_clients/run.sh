#!/usr/bin/env bash
# Talks to `medner serve` with clients of OpenAI's API as their users do: the package
# openai (sync, async, streaming), LangChain and LlamaIndex, from PyPI. Each prints what it
# asked and what it got, which must be what transcripts/ has; with --write it is written
# there. (openai-go has a module of its own, openai_go, whose tests `make clients` runs.)
#
#   scripts/serve_clients/run.sh [--write]     installs the clients into .venv-clients
set -euo pipefail
cd "$(dirname "$0")"
root=../..
venv=$root/.venv-clients
[ -x "$venv/bin/python" ] || python3 -m venv "$venv"
"$venv/bin/pip" install -q -r requirements.txt
work=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null || true; rm -rf "$work"' EXIT
(cd $root && CGO_ENABLED=0 go build -o "$work/medner" ./cmd/medner)
goldens=$root/testdata/goldens
"$work/medner" serve --listen 127.0.0.1:0 --model $goldens/tiny-llama \
  --adapter $goldens/adapters/plain --adapter $goldens/adapters/rslora --lora unmerged 2>"$work/log" &
server=$!
for _ in $(seq 600); do
  url=$(grep -om1 'http://127[^ "]*' "$work/log") && break
  kill -0 $server || { cat "$work/log"; exit 1; }
  sleep 0.1
done
for client in *_client.py; do
  name=${client%.py}
  OPENAI_BASE_URL=$url/v1 OPENAI_API_KEY=none "$venv/bin/python" "$client" >"$work/$name.txt"
  if [ "${1-}" = --write ]; then
    cp "$work/$name.txt" transcripts/
  else
    diff -u "transcripts/$name.txt" "$work/$name.txt"
  fi
  echo "$name: as its transcript says"
done
