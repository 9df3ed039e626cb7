#version 450
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
// Parameter 0: columns. A workgroup does a row.
INPUT(0, x)
INPUT(1, gain)
INPUT(2, bias)
OUTPUT(3, result)
OUTPUT(4, scale)

uint element(uint i) { return x(gl_WorkGroupID.x * p[0] + i); }
uint channel(uint i) { return i; }
#include "normalize.glsl"
#include "quantize.glsl"

void main() {
  uint r = gl_WorkGroupID.x, columns = p[0], base = r * columns;
  measure(columns);
  if ((p[5] & 8u) == 0u) {
    for (uint c = lane(); c < columns; c += LANES) set_result(base + c, normalized(c));
    return;
  }
  uint most = 0u;
  for (uint c = lane(); c < columns; c += LANES) most = max(most, size(normalized(c)));
  most = largest_of(most);
  int count = bits(most);
  uint by = most == 0u ? 0u : factor(most, count);
  for (uint c = 4u * lane(); c < columns; c += 4u * LANES) {
    uint packed = 0u;
    for (uint j = 0u; j < 4u && most != 0u; j++) packed |= quantized(normalized(c + j), count, by) << (8u * j);
    set_result((base + c) / 4u, packed);
  }
  if (lane() == 0u) {
    Scale s = ratio(most, 127u);
    set_scale(2u * r, s.m);
    set_scale(2u * r + 1u, most == 0u ? 0u : uint(s.e + int(p[2])));
  }
}
