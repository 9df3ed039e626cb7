#!/usr/bin/env bash
# Assembles the committed PTX of tensor/cuda for the generations of cards, as the compiler of a driver does, and
# prints the registers, the memory of a workgroup and the spilled bytes of each kernel: scripts/ptxas.sh [PTXAS].
# The assembler is NVIDIA's. Debian has it in nvidia-cuda-toolkit (non-free), of which the program alone is enough:
#
#   apt-get download nvidia-cuda-toolkit && dpkg -x nvidia-cuda-toolkit_*.deb toolkit
#   scripts/ptxas.sh toolkit/usr/bin/ptxas
#
# It fails if a kernel is refused, warned about, or spills registers to memory.
set -euo pipefail
cd "$(dirname "$0")/../tensor/cuda/kernel"
ptxas="${1:-ptxas}"
cards="${CARDS:-50 61 70 75 80 86 89 90}"
bad=0
printf '%-16s' kernel
for card in $cards; do printf ' %9s' "sm_$card"; done
echo " (registers/bytes of a workgroup)"
for file in *.ptx; do
  printf '%-16s' "${file%.ptx}"
  least="$(sed -n -E 's/^\.target sm_([0-9]+)$/\1/p' "$file")"
  for card in $cards; do
    if ((card < least)); then printf ' %9s' -; continue; fi
    if ! said="$("$ptxas" -v -arch="sm_$card" "$file" -o /dev/null 2>&1)"; then
      printf ' %9s' refused; echo "$file, sm_$card: $said" >&2; bad=1; continue
    fi
    if grep -q -i warning <<<"$said" || ! grep -q ' 0 bytes spill stores, 0 bytes spill loads' <<<"$said"; then
      echo "$file, sm_$card: $said" >&2; bad=1
    fi
    registers="$(sed -n -E 's/.*Used ([0-9]+) registers.*/\1/p' <<<"$said")"
    shared="$(sed -n -E 's/.* ([0-9]+) bytes smem.*/\1/p' <<<"$said")"
    printf ' %9s' "$registers/${shared:-0}"
  done
  echo
done
exit "$bad"
