#!/usr/bin/env bash
# Runs short tests under the race detector, which finds something only where goroutines
# meet: all tests of the packages that start goroutines, or import one that does; of those
# that only import sync, the tests in files that start goroutines. Commands are left out:
# what runs at once in them is in those packages. Tests that count bytes or allocations
# are left out, as the detector adds its own, or as they open one model after another only
# to count; others open each of these forms.
set -euo pipefail
cd "$(dirname "$0")/.."
starts='^\s*go (func|[a-zA-Z.]+\()|\.Go\(|AfterFunc\('
module=$(go list -m)
flags=(-race -short -skip 'Allocat|TakesLittleMore|EstimateIsWhatIsHeld|DescribeIsWhatOpenMakes' "$@")

# Of each package: its path, its directory and the packages that its tests import.
packages=$(go list -f '{{.ImportPath}} {{.Dir}} {{join .Deps " "}} {{join .TestImports " "}} {{join .XTestImports " "}}' ./... | grep -v "^$module/cmd/")
starting=(net/http) # the packages that start goroutines
while read -r package dir _; do
  if find "$dir" -maxdepth 1 -name '*.go' ! -name '*_test.go' -exec grep -qE "$starts" {} +; then starting+=("$package"); fi
done <<<"$packages"

whole=() # packages all of whose tests are run
while read -r package dir imports; do
  code=$(find "$dir" -maxdepth 1 -name '*.go' ! -name '*_test.go')
  tests=$(find "$dir" -maxdepth 1 -name '*_test.go')
  if [ -z "$tests" ] || ! grep -qE "$starts"'|^\s*"sync(/atomic)?"$' /dev/null $code; then continue; fi
  if grep -qxF "$(printf '%s\n' "${starting[@]}")" <<<"$(printf '%s\n' "$package" $imports)"; then
    whole+=("$package")
    continue
  fi
  names=$(grep -lE "$starts"'|\.Parallel\(\)' $tests | xargs -r grep -hoE '^func Test[A-Za-z0-9_]+' | cut -c6- | paste -sd'|') || true
  [ -z "$names" ] || go test "${flags[@]}" -run "^($names)\$" "$package"
done <<<"$packages"
exec go test "${flags[@]}" "${whole[@]}"
