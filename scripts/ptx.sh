#!/usr/bin/env bash
# Compiles the kernels of tensor/vulkan/kernel to PTX for tensor/cuda, and notes the digests of sources and
# results, which a test compares. CLANG names the compiler: Clang 19.1.7 of Debian (clang-19) made the committed
# files. It needs the target nvptx64, and no SDK of NVIDIA. "scripts/ptx.sh check" compiles to a folder of its
# own and fails if a committed file is not what this compiler makes.
set -euo pipefail
cd "$(dirname "$0")/../tensor/cuda/kernel"
export LC_ALL=C
clang="${CLANG:-clang-19}"
case "${1:-}" in
  "") into=. ;;
  check) into="$(mktemp -d)" ;;
  *) echo "expected no argument or \"check\", found $1" >&2; exit 1 ;;
esac
code="$(mktemp -d)"
trap 'rm -r "$code"; if [[ "$into" != . ]]; then rm -r "$into"; fi' EXIT

# compile NAME VARIANT TARGET [FEATURE]: functions are convergent because threads wait for each other in them.
compile() {
  local file="$1${2:+.$2}"
  ./translate.sh "$1" "$2" >"$code/$file.cpp"
  "$clang" --target=nvptx64-nvidia-cuda "-march=$3" ${4:+-Xclang -target-feature -Xclang "$4"} -x c++ -std=c++20 -nostdinc \
    -ffreestanding -fconvergent-functions -fwrapv -ffp-contract=off -fno-exceptions -fno-rtti -O3 -mllvm -inline-threshold=1000000 \
    -Wall -Werror -Wno-unused -I . -S -o - "$code/$file.cpp" | sed -E -e 's/[ \t]+\/\/.*$//' -e '/^[ \t]*\/\//d' -e '/^[ \t]*$/d' >"$into/$file.ptx"
}

rm -f "$into"/*.ptx
for source in ../../vulkan/kernel/*.comp; do
  name="$(basename "$source" .comp)"
  compile "$name" "" sm_50
  if grep -q '^#include "dot.glsl"' "$source"; then compile "$name" dot sm_61; fi
  if grep -q '^#include "tile.glsl"' "$source"; then
    compile "$name" mma75 sm_75 +ptx65
    compile "$name" mma80 sm_80 +ptx70
  fi
done
if grep -lE '\.f(16|32|64)\b|\bfma\b' "$into"/*.ptx; then
  echo "expected kernels of integers, found floats in the files above" >&2
  exit 1
fi
if [[ "$into" != . ]]; then
  for file in "$into"/*.ptx; do cmp "$file" "$(basename "$file")"; done
  exit
fi
sha256sum ../../vulkan/kernel/*.comp ../../vulkan/kernel/*.glsl ./*.glsl ./*.h ./*.sh ./*.ptx | sed -E 's|  (\./)?|  |' >digests.txt
