#version 450
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#include "reduce.glsl"
#include "quantize.glsl"

// Parameters: columns, places. A workgroup does a row.
INPUT(0, x)
OUTPUT(1, result)
OUTPUT(2, scale)

void main() {
  uint r = gl_WorkGroupID.x, columns = p[0], base = r * columns;
  uint most = 0u;
  for (uint c = lane(); c < columns; c += LANES) most = max(most, size(x(base + c)));
  most = largest_of(most);
  int count = bits(most);
  uint by = most == 0u ? 0u : factor(most, count);
  for (uint c = 4u * lane(); c < columns; c += 4u * LANES) {
    uint packed = 0u;
    for (uint j = 0u; j < 4u && most != 0u; j++) packed |= quantized(x(base + c + j), count, by) << (8u * j);
    set_result((base + c) / 4u, packed);
  }
  if (lane() == 0u) {
    Scale s = ratio(most, 127u);
    set_scale(2u * r, s.m);
    set_scale(2u * r + 1u, most == 0u ? 0u : uint(s.e + int(p[1])));
  }
}
