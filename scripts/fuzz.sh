#!/usr/bin/env bash
# Fuzzes each fuzz target of the given packages for FUZZ_TIME (default 10s).
# Go fuzzes one target at a time. Usage: scripts/fuzz.sh PACKAGES
set -euo pipefail
cd "$(dirname "$0")/.."

found=0
while read -r package dir; do
  for target in $(grep -hoE '^func Fuzz[A-Za-z0-9_]+' "$dir"/*_test.go 2>/dev/null | sed 's/^func //'); do
    found=$((found + 1))
    echo "== $package $target"
    go test -run='^$' -fuzz="^$target\$" -fuzztime="${FUZZ_TIME:-10s}" "$package"
  done
done < <(go list -f '{{.ImportPath}} {{.Dir}}' "$@")

if [[ $found -eq 0 ]]; then
  echo "expected fuzz targets in $*, found none" >&2
  exit 1
fi
echo "fuzzed $found targets"
