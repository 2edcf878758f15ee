#!/usr/bin/env bash
# serve_schemathesis.sh MEDNER [OUT]: starts MEDNER serve on a small model, lets
# schemathesis (PyPI) make requests of /openapi.json for every endpoint, right ones and
# wrong ones, and fails if any is answered with a status of 500 or more, or otherwise than
# the document says. Writes the summary to OUT (default: scripts/serve_schemathesis.txt).
set -euo pipefail
cd "$(dirname "$0")/.."
medner=$(realpath "$1")
out=${2:-scripts/serve_schemathesis.txt}
venv=${SCHEMATHESIS_VENV:-.venv-schemathesis}
[ -x "$venv/bin/schemathesis" ] || { python3 -m venv "$venv" && "$venv/bin/pip" install -q schemathesis; }
log=$(mktemp)
"$medner" serve --listen 127.0.0.1:0 --model testdata/goldens/tiny-llama --context 64 2>"$log" &
server=$!
trap 'kill $server 2>/dev/null; rm -f "$log"' EXIT
until url=$(grep -o 'http://127.*' "$log"); do kill -0 "$server"; sleep 0.1; done
status=0
"$venv/bin/schemathesis" run "$url/openapi.json" --seed 1 --max-examples "${EXAMPLES:-25}" --workers 2 --request-timeout 60 \
  --checks not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance \
  --no-color >"$log.out" 2>&1 || status=$?
kill -0 "$server" || { echo "the server died"; exit 1; }
{ "$venv/bin/schemathesis" --version; sed -n '/= SUMMARY =/,$p' "$log.out" | sed "s|$url|http://127.0.0.1|g" | grep -v ' in [0-9.]*s ='; } >"$out"
[ "$status" = 0 ] || cat "$log.out"
cat "$out"
exit "$status"
