#!/usr/bin/env bash
# Writes a kernel of tensor/vulkan/kernel as C++ to standard output: translate.sh NAME [dot|mma75|mma80]. Its
# functions become those of a structure, whose members are the parameters; memory of the workgroup is moved out
# of it. Files of this folder take the place of those of Vulkan with the same name.
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
sources="$here/../../vulkan/kernel"
name="$1" variant="${2:-}"
case "$variant" in
  "") entry="$name" defines=() ;;
  dot) entry="${name}_dot" defines=(DOT) ;;
  mma75) entry="${name}_mma75" defines=(DOT MATRIX ROW_PARTS=1u WORD_PARTS=1u) ;;
  mma80) entry="${name}_mma80" defines=(DOT MATRIX ROW_PARTS=2u WORD_PARTS=2u) ;;
  *) echo "expected the variant dot, mma75 or mma80, found $variant" >&2; exit 1 ;;
esac
folder="$(mktemp -d)"
trap 'rm -r "$folder"' EXIT
for source in "$sources"/*.glsl "$sources/$name.comp"; do
  file="$(basename "$source")"
  if [[ -f "$here/$file" ]]; then source="$here/$file"; fi
  sed -E -e '/^ *#(version|extension)/d' -e '/^#define (INPUT|OUTPUT)/,/[^\\]$/d' \
    -e 's/^layout\(.*binding = ([0-9]+)\) buffer [A-Za-z]+ \{ uint ([a-z]+)\[\]; \};$/uint *const \2 = given.words[\1];/' -e '/^layout/d' \
    -e 's/^const /static constexpr /' -e 's/\[\[unroll\]\]/UNROLL/' "$source" >"$folder/$file"
done
cpp -P -nostdinc "${defines[@]/#/-D}" -I "$folder" "$folder/$name.comp" >"$folder/flat"
for define in "${defines[@]}"; do echo "#define ${define/=/ }"; done
echo '#include "device.h"'
echo "namespace kernel_$entry {"
sed -n -E 's/^shared /SHARED /p' "$folder/flat"
echo "struct Kernel {"
echo "const Parameters &given;"
echo "const uint *const p = given.p;"
grep -v '^shared ' "$folder/flat"
echo "};"
echo "}"
echo "ENTRY theta_$entry(const Parameters given) { kernel_$entry::Kernel{given}.main(); }"
