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
    # no input has caused. Then it runs again, four times at most.
    for try in 1 2 3 4 5; do
      once "$dir" "$target" && break
      if [ $try = 5 ] || grep -q 'Failing input written' "$out" || ! grep -q 'context deadline exceeded' "$out"; then
        cat "$out"
        exit 1
      fi
    done
  done
done
