#!/usr/bin/env bash
# Compiles the kernels of tensor/vulkan from GLSL to SPIR-V, and notes the digests of sources and
# results, which a test compares. It needs glslangValidator, spirv-opt and spirv-val: glslang 12.0.0 and
# SPIRV-Tools 2023.1 made the committed files (Debian 12: glslang-tools, spirv-tools).
set -euo pipefail
cd "$(dirname "$0")/../tensor/vulkan/kernel"
export LC_ALL=C

# compile SOURCE RESULT [OPTION]
compile() {
  glslangValidator --quiet -V --target-env vulkan1.1 "${@:3}" -o "$2" "$1"
  spirv-opt --strip-debug --eliminate-dead-functions "$2" -o "$2"
  spirv-val --target-env vulkan1.1 "$2"
}

# variants NAME [OPTION] compiles a kernel, and again for devices without integers of 64 bits where that
# makes a difference.
variants() {
  compile "$source" "$1.spv" "${@:2}"
  compile "$source" "$1.narrow.spv" -DNARROW "${@:2}"
  if cmp -s "$1.spv" "$1.narrow.spv"; then rm "$1.narrow.spv"; fi
}

rm -f ./*.spv
for source in *.comp; do
  name="${source%.comp}"
  variants "$name"
  if grep -q '^#include "dot.glsl"' "$source"; then
    variants "$name.dot" -DDOT
  fi
done
sha256sum ./*.comp ./*.glsl ./*.spv | sed 's|\./||' >digests.txt
