#!/usr/bin/env bash
# Fuzzes each fuzz target of the given packages for FUZZ_TIME (default 10s).
# Go fuzzes one target at a time. With FUZZ_GUIDED=0 the packages are not compiled anew
# with the instrumentation that guides the fuzzer, which takes minutes below the SDK.
# Usage: scripts/fuzz.sh PACKAGES
set -euo pipefail
cd "$(dirname "$0")/.."

time="${FUZZ_TIME:-10s}"
binary=$(mktemp)
# With caches off an interesting input of a blind run would never be used again.
cache=$(mktemp -d)
trap 'rm -rf "$binary" "$cache"' EXIT

found=0
while read -r package dir; do
  targets=$(grep -hoE '^func Fuzz[A-Za-z0-9_]+' "$dir"/*_test.go 2>/dev/null | sed 's/^func //' || true)
  if [[ -z $targets ]]; then continue; fi
  if [[ ${FUZZ_GUIDED:-1} == 0 ]]; then go test -c -o "$binary" "$package"; fi
  for target in $targets; do
    found=$((found + 1))
    echo "== $package $target"
    if [[ ${FUZZ_GUIDED:-1} == 0 ]]; then
      (cd "$dir" && "$binary" -test.run='^$' -test.fuzz="^$target\$" -test.fuzztime="$time" -test.fuzzcachedir="$cache")
    else
      go test -run='^$' -fuzz="^$target\$" -fuzztime="$time" "$package"
    fi
  done
done < <(go list -f '{{.ImportPath}} {{.Dir}}' "$@")

if [[ $found -eq 0 ]]; then
  echo "expected fuzz targets in $*, found none" >&2
  exit 1
fi
echo "fuzzed $found targets"
