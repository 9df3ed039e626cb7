#!/usr/bin/env bash
# Fuzzes each fuzz target of the given packages for FUZZ_TIME (default 10s).
# Go fuzzes one target at a time. With FUZZ_GUIDED=0 the packages are not compiled anew
# with the instrumentation that guides the fuzzer, which takes minutes below the SDK. They are
# neither vetted, which analyses the whole SDK and is a linter's task, nor linked with symbols. Binaries
# that scripts/keep-fuzzer.sh has kept in the folder FUZZERS are not linked again.
# Usage: scripts/fuzz.sh PACKAGES
set -euo pipefail
cd "$(dirname "$0")/.."

time="${FUZZ_TIME:-10s}"
linked=$(mktemp)
# With caches off an interesting input of a blind run would never be used again.
cache=$(mktemp -d)
said=$(mktemp)
trap 'rm -rf "$linked" "$cache" "$said"' EXIT

# fuzz COMMAND: runs it, and runs it again where all it says is that its time was over:
# Go's fuzzer fails now and then with that alone when a worker ends a moment too late. An
# input that fails is written to a file, and named.
fuzz() {
  local try
  for try in 1 2 3; do
    if "$@" 2>&1 | tee "$said"; then return; fi
    if ! grep -qx '    context deadline exceeded' "$said" || grep -q 'Failing input' "$said"; then return 1; fi
    echo "the fuzzer was stopped by its own clock (try $try)"
  done
  return 1
}

found=0
while read -r package dir; do
  targets=$(grep -hoE '^func Fuzz[A-Za-z0-9_]+' "$dir"/*_test.go 2>/dev/null | sed 's/^func //' || true)
  if [[ -z $targets ]]; then continue; fi
  if [[ ${FUZZ_GUIDED:-1} == 0 ]]; then
    path="${dir#"$PWD"/}"
    binary="${FUZZERS:-}/${path//\//+}"
    if [[ -z ${FUZZERS:-} || ! -x $binary ]]; then
      binary="$linked"
      go test -c -vet=off -ldflags='-s -w' -o "$binary" "$package"
    fi
  fi
  for target in $targets; do
    found=$((found + 1))
    echo "== $package $target"
    if [[ ${FUZZ_GUIDED:-1} == 0 ]]; then
      (cd "$dir" && fuzz "$binary" -test.run='^$' -test.fuzz="^$target\$" -test.fuzztime="$time" -test.fuzzcachedir="$cache")
    else
      fuzz go test -vet=off -run='^$' -fuzz="^$target\$" -fuzztime="$time" "$package"
    fi
  done
done < <(go list -f '{{.ImportPath}} {{.Dir}}' "$@")

if [[ $found -eq 0 ]]; then
  echo "expected fuzz targets in $*, found none" >&2
  exit 1
fi
echo "fuzzed $found targets"
