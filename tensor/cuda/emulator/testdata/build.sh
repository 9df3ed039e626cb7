#!/usr/bin/env bash
# Builds libcuda.so.1, a driver whose card is the processor: build.sh FOLDER. It needs g++. The kernels are
# those of tensor/cuda/kernel, as translate.sh writes them, so that their numbers can be checked without a card.
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
kernels="$here/../../kernel"
into="$1"
mkdir -p "$into"
code="$(mktemp -d)"
trap 'rm -r "$code"' EXIT
{
  echo '#define HOST'
  echo '#pragma GCC diagnostic ignored "-Wclass-memaccess"'
  for file in "$kernels"/*.ptx; do
    name="$(basename "$file" .ptx)"
    variant=""
    if [[ "$name" == *.* ]]; then variant="${name#*.}"; fi
    "$kernels/translate.sh" "${name%%.*}" "$variant" | grep -v '^#define' >"$code/one"
    cat "$code/one"
    entry="theta_${name//./_}"
    # A kernel without barriers needs no stacks of its own.
    if grep -q -E '^ *barrier\(\)' "$code/one"; then waits=true; else waits=false; fi
    echo "  {\"$entry\", $entry, $waits}," >>"$code/list"
  done
  echo '#include "emulator.h"'
  echo 'static const Known all_kernels[] = {'
  cat "$code/list"
  echo '};'
  echo '#include "emulator.cpp"'
} >"$code/all.cpp"
g++ -std=c++20 -O2 -fwrapv -fno-strict-aliasing -fno-gnu-unique -w -fPIC -shared -pthread -I "$kernels" -I "$here" \
  -Wl,-soname,libcuda.so.1 -o "$code/libcuda.so.1" "$code/all.cpp"
mv "$code/libcuda.so.1" "$into/libcuda.so.1"
