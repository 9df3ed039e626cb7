#!/usr/bin/env bash
# Compiles the kernels of tensor/vulkan from GLSL to SPIR-V, and notes the digests of sources and
# results, which a test compares. It needs glslangValidator, spirv-opt and spirv-val: glslang 12.0.0 and
# SPIRV-Tools 2023.1 made the committed files (Debian 12: glslang-tools, spirv-tools). Kernels with
# cooperative matrices (*.matrix.spv) need newer ones: glslang 16.6.0 and SPIRV-Tools 2026.4 made them
# (Debian's glslang-tools 16.6.0-1 and spirv-tools 2026.4~rc2-1). MATRIX_TOOLS names the folder of their
# programs, or of scripts that call them; without it the script leaves these kernels as they are, and fails
# if their sources have changed.
set -euo pipefail
cd "$(dirname "$0")/../tensor/vulkan/kernel"
export LC_ALL=C

# compile SOURCE RESULT [OPTION], with the programs of the folder $tools
tools=""
compile() {
  "${tools}glslangValidator" --quiet -V --target-env vulkan1.1 "${@:3}" -o "$2" "$1"
  "${tools}spirv-opt" --strip-debug --eliminate-dead-functions "$2" -o "$2"
  "${tools}spirv-val" --target-env vulkan1.1 "$2"
}

# variants NAME [OPTION] compiles a kernel, and again for devices without integers of 64 bits where that
# makes a difference.
variants() {
  compile "$source" "$1.spv" "${@:2}"
  compile "$source" "$1.narrow.spv" -DNARROW "${@:2}"
  if cmp -s "$1.spv" "$1.narrow.spv"; then rm "$1.narrow.spv"; fi
}

# matrices compiles the kernels that multiply tiles again, with cooperative matrices.
matrices() {
  local tools="$MATRIX_TOOLS/"
  for source in gemm.comp conv.comp; do
    compile "$source" "${source%.comp}.matrix.spv" -DMATRIX
  done
}

if [[ -n "${MATRIX_TOOLS:-}" ]]; then
  matrices
elif ! grep -E ' ((gemm|conv)\.comp|(common|wide|dot|tile|matrix)\.glsl)$' digests.txt | sha256sum --check --status; then
  echo "the sources of *.matrix.spv have changed: expected MATRIX_TOOLS with a folder of glslang 16.6.0, found none" >&2
  exit 1
fi

find . -name '*.spv' ! -name '*.matrix.spv' -delete
for source in *.comp; do
  name="${source%.comp}"
  variants "$name"
  if grep -q '^#include "dot.glsl"' "$source"; then
    variants "$name.dot" -DDOT
  fi
done
sha256sum ./*.comp ./*.glsl ./*.spv | sed 's|\./||' >digests.txt
