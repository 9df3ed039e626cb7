#!/usr/bin/env bash
# Builds for Windows on any machine, and tests the result under Wine (scripts/wine.sh):
#
#   scripts/windows.sh program             thetaedge.exe
#   scripts/windows.sh build               the same, and all tests compiled
#   scripts/windows.sh test [PACKAGE...]   the tests under Wine, as a table
#   scripts/windows.sh paid                a node under Wine that is paid on a network of native programs
#   scripts/windows.sh short               build, then a part of the tests and paid, if Wine can be had
#
# The table counts tests that passed, failed, were skipped by themselves, and were left out because Wine
# lacks something (tests/windows/wine.txt). Only the first kind counts as passed. build/windows/report.txt has the
# table with the reasons.
set -euo pipefail
cd "$(dirname "$0")/.."

# What runs on the machine of an operator. tensor/vulkan needs a driver for Windows, which Wine does not bring.
ALL=(./internal/... ./sidecar/... ./executor/... ./tensor/... ./blob/... ./relay/... ./client/... ./cmd/thetaedge/...)
# What touches the system, and is quick.
SHORT=(./internal/... ./sidecar/config ./sidecar/device ./sidecar/owner ./sidecar/service ./sidecar/store ./sidecar/worker ./executor/filename ./blob/...)

out=build/windows
mkdir -p "$out"
# The tests of these packages compare with wasmtime, which needs a C compiler for Windows (gcc-mingw-w64-x86-64).
COMPARED='executor/wasm|executor/wasm/internal/meter|executor/tensors'
# The tests of this package do so too, and would compile the whole SDK a second time for it.
OMITTED='client'

# Without cgo, and so from any machine.
windows() { env GOOS=windows GOARCH=amd64 CGO_ENABLED=0 GOFLAGS='-tags=pebbledb -buildvcs=false' "$@"; }

program() { windows go build -o "$out/thetaedge.exe" ./cmd/thetaedge; }

build() {
  program
  # This compiles tests without linking them.
  packages "${ALL[@]}" | grep -vxE "$COMPARED" | sed 's|^|./|' | xargs env GOOS=windows GOARCH=amd64 CGO_ENABLED=0 GOFLAGS='-tags=pebbledb -buildvcs=false' go list -export -test -f '' >/dev/null
  echo "thetaedge.exe is built, and the tests compile for Windows"
}

# packages PATTERN...: the packages with tests, without the module's name.
packages() {
  windows go list -f '{{if or .TestGoFiles .XTestGoFiles}}{{.ImportPath}}{{end}}' "$@" |
    sed 's|^github.com/thetaedge/theta/||' | grep -vxE "$OMITTED"
}

# link PACKAGE FILE: links the tests of a package.
link() {
  if grep -qxE "$COMPARED" <<<"$1"; then
    command -v x86_64-w64-mingw32-gcc >/dev/null || return 3
    env GOOS=windows GOARCH=amd64 CGO_ENABLED=1 CC=x86_64-w64-mingw32-gcc GOFLAGS='-tags=pebbledb -buildvcs=false' go test -c -vet=off -o "$2" "./$1"
  else
    windows go test -c -vet=off -o "$2" "./$1"
  fi
}

# left PACKAGE: the names of tests of a package that are left out, one on a line.
left() { awk -v package="$1" '!/^#/ && $1 == package { print $2 }' tests/windows/wine.txt; }

# one PACKAGE: runs the tests of a package and adds to the table.
one() {
  local package=$1 name log skip status=0
  name=$(tr / - <<<"$package")
  log=$out/$name.log
  link "$package" "$out/$name.test.exe" || status=$?
  if ((status)); then
    printf '%-36s %7d %7d %8d %9d\n' "$package" 0 1 0 0 | tee -a "$out/table.txt"
    echo "failed   $package: its tests were not linked$( ((status != 3)) || echo ': install gcc-mingw-w64-x86-64')" >>"$out/reasons.txt"
    return 1
  fi
  skip=$(left "$package" | sed 's/^/^/; s/$/$/' | paste -sd'|')
  (cd "$package" && env -u THETA_VULKAN "$wine" "$OLDPWD/$out/$name.test.exe" -test.v -test.timeout=10m ${skip:+"-test.skip=$skip"} ${TEST_ARGUMENTS:-}) >"$log" 2>&1 </dev/null || status=$?
  rm -f "$out/$name.test.exe"
  tr -d '\r' <"$log" >"$log.new" && mv "$log.new" "$log"
  local passed failed skipped
  passed=$(grep -c '^--- PASS' "$log" || true)
  failed=$(grep -c '^--- FAIL' "$log" || true)
  skipped=$(grep -c '^--- SKIP' "$log" || true)
  if ((status != 0 && failed == 0)); then failed=1; fi # it broke off
  printf '%-36s %7d %7d %8d %9d\n' "$package" "$passed" "$failed" "$skipped" "$(left "$package" | wc -l)" | tee -a "$out/table.txt"
  {
    grep '^--- FAIL' "$log" | sed "s|^--- FAIL: |failed   $package: |" || true
    if ((status != 0)) && ! grep -q '^--- FAIL' "$log"; then echo "failed   $package: it ended with status $status, see $log"; fi
    awk -v package="$package" '/^    [^ ].*\.go:[0-9]+: / { said = $0 } /^ +--- SKIP|^--- SKIP/ { sub(/^ +/, "", said); print "skipped  " package ": " $3 ": " said }' "$log"
  } >>"$out/reasons.txt"
  ((failed == 0))
}

# run PACKAGE...: runs the tests of packages one after the other.
run() {
  local package failed=0 version
  wine=$PWD/scripts/wine.sh
  version=$("$wine" --ready)
  trap '"$wine" --stop || true' EXIT
  : >"$out/reasons.txt"
  printf '%-36s %7s %7s %8s %9s\n' "under $version" passed failed skipped "left out" | tee "$out/table.txt"
  for package in $(packages "$@"); do
    one "$package" || failed=1
  done
  awk '!/^#/ && NF { package = $1; test = $2; $1 = $2 = ""; print "left out " package ": " test ":" $0 }' tests/windows/wine.txt >>"$out/reasons.txt"
  awk 'NR > 1 { p += $2; f += $3; s += $4; l += $5 } END { printf "%-36s %7d %7d %8d %9d\n", "all", p, f, s, l }' "$out/table.txt" | tee -a "$out/table.txt"
  cat "$out/table.txt" "$out/reasons.txt" >"$out/report.txt"
  cat "$out/reasons.txt"
  return "$failed"
}

# paid: the program for Windows next to native programs, which make build has built.
paid() {
  GOFLAGS=-buildvcs=false go test -tags=pebbledb,wine -vet=off -count=1 -timeout=15m -v ./tests/windows
}

case "${1:-}" in
  program) program ;;
  build) build ;;
  paid) paid ;;
  test)
    shift
    if (($#)); then run "$@"; else run "${ALL[@]}"; fi
    ;;
  short)
    build
    if scripts/wine.sh --ready; then
      run "${SHORT[@]}"
      paid
    else
      echo "NOT TESTED: the program for Windows was compiled and not run, because Wine cannot be had here" >&2
    fi
    ;;
  *)
    sed -n '2,/^set/s/^# \{0,1\}//p' "$0" >&2
    exit 2
    ;;
esac
