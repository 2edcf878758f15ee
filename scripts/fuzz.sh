#!/usr/bin/env bash
# Runs every fuzz target of the module for a short time each. A package is built once for
# all of its targets. An input that reaches new code is made smaller ten times at most, so
# that the time is spent on new inputs.
set -euo pipefail
cd "$(dirname "$0")/.."
time=${1:-5s}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cache=$(go env GOCACHE)/fuzz/$(go list -m)
# once DIRECTORY TARGET runs one target as go test does: in its package's directory.
once() {
  (cd "$1" && "$work/test" -test.paniconexit0 -test.timeout 10m -test.run '^$' -test.fuzz "^$2\$" -test.fuzztime "$time" \
    -test.fuzzminimizetime 10x -test.parallel 2 -test.fuzzcachedir "$cache/${1#./}") >"$work/out" 2>&1
}
grep -rlE --include='*_test.go' '^func Fuzz[A-Z]' . | xargs -n1 dirname | sort -u | while read -r dir; do
  go test -c -fuzz . -o "$work/test" "$dir"
  grep -hoE '^func Fuzz[A-Za-z0-9_]+' "$dir"/*_test.go | cut -c6- | while read -r target; do
    echo "fuzz $dir $target"
    # On a busy machine Go's fuzzer may report the end of its time as a failure that
    # no input has caused. Then it runs again, four times at most.
    for try in 1 2 3 4 5; do
      once "$dir" "$target" && break
      if [ $try = 5 ] || grep -q 'Failing input written' "$work/out" || ! grep -q 'context deadline exceeded' "$work/out"; then
        cat "$work/out"
        exit 1
      fi
    done
  done
done
