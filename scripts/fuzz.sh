#!/usr/bin/env bash
# Runs every fuzz target of the module for a short time each. An input that reaches new
# code is made smaller ten times at most, so that the time is spent on new inputs.
set -euo pipefail
cd "$(dirname "$0")/.."
time=${1:-5s}
out=$(mktemp)
trap 'rm -f "$out"' EXIT
once() { go test "$1" -run '^$' -fuzz "^$2\$" -fuzztime "$time" -fuzzminimizetime 10x -parallel 2 >"$out" 2>&1; }
grep -rlE --include='*_test.go' '^func Fuzz[A-Z]' . | xargs -n1 dirname | sort -u | while read -r dir; do
  grep -hoE '^func Fuzz[A-Za-z0-9_]+' "$dir"/*_test.go | cut -c6- | while read -r target; do
    echo "fuzz $dir $target"
    # On a busy machine Go's fuzzer may report the end of its time as a failure that
    # no input has caused. Then it runs again.
    once "$dir" "$target" || { ! grep -q 'Failing input written' "$out" && grep -q 'context deadline exceeded' "$out" && once "$dir" "$target"; } ||
      { cat "$out"; exit 1; }
  done
done
