#!/usr/bin/env bash
# Runs the tests of a package as go test does, and keeps their binary if it has fuzz targets, so that
# scripts/fuzz.sh need not link it again: go test -exec "scripts/keep-fuzzer.sh FOLDER" PACKAGES.
set -euo pipefail

folder="$1"
shift
root=$(cd "$(dirname "$0")/.." && pwd -P)
if grep -qs '^func Fuzz' ./*_test.go; then
  package=$(pwd -P)
  package="${package#"$root"/}"
  kept="$folder/${package//\//+}"
  rm -f "$kept"
  # A link costs nothing; the folder may lie on another file system.
  ln "$1" "$kept" 2>/dev/null || cp "$1" "$kept"
fi
exec "$@"
