#!/usr/bin/env bash
# Runs the short tests, under the race detector, of every package that starts a
# goroutine or imports sync. Commands are left out: what runs at once in them is
# in those packages. Tests that count bytes or allocations are left out, as the
# detector adds its own.
set -euo pipefail
cd "$(dirname "$0")/.."
packages=()
while read -r package dir; do
  files=$(find "$dir" -maxdepth 1 -name '*.go' ! -name '*_test.go')
  tests=$(find "$dir" -maxdepth 1 -name '*_test.go')
  if [ -n "$tests" ] && grep -qE '^\s*go (func|[a-zA-Z.]+\()|\.Go\(|^\s*"sync(/atomic)?"$' /dev/null $files; then
    packages+=("$package")
  fi
done < <(go list -f '{{.ImportPath}} {{.Dir}}' ./... | grep -v /cmd/)
exec go test -race -short -skip 'Allocat|TakesLittleMore' "$@" "${packages[@]}"
