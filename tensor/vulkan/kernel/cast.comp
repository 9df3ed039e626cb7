#version 450
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
// Parameters: elements, bits of X, bits of Out. A thread does four elements.
INPUT(0, x)
OUTPUT(1, result)

void main() {
  uint first = 4u * thread();
  if (first >= p[0]) return;
  uint n = min(p[0] - first, 4u);
  uint v[4];
  for (uint j = 0u; j < 4u; j++) {
    v[j] = 0u;
    if (j >= n) continue;
    uint i = first + j;
    v[j] = p[1] == 8u ? byte_at(x(i / 4u), i) : p[1] == 16u ? half_at(x(i / 2u), i) : x(i);
    if (p[2] == 8u) v[j] = uint(clamp(int(v[j]), -128, 127)) & 255u;
    if (p[2] == 16u) v[j] = uint(clamp(int(v[j]), -32768, 32767)) & 65535u;
  }
  if (p[2] == 8u) set_result(first / 4u, v[0] | v[1] << 8 | v[2] << 16 | v[3] << 24);
  if (p[2] == 16u) {
    set_result(first / 2u, v[0] | v[1] << 16);
    if (n > 2u) set_result(first / 2u + 1u, v[2] | v[3] << 16);
  }
  if (p[2] == 32u) {
    for (uint j = 0u; j < n; j++) set_result(first + j, v[j]);
  }
}
