#version 450
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
// Parameters: 0 pixels, 6 channels, 7 channels of a group, 8 the first group. A workgroup does a group.
INPUT(0, x)
INPUT(1, gain)
INPUT(2, bias)
OUTPUT(3, result)

uint channel(uint i) { return (p[8] + gl_WorkGroupID.x) * p[7] + i % p[7]; }
uint place(uint i) { return gl_WorkGroupID.y * p[0] * p[6] + i / p[7] * p[6] + channel(i); }
uint element(uint i) { return x(place(i)); }
#include "normalize.glsl"

void main() {
  uint n = p[0] * p[7];
  measure(n);
  for (uint i = lane(); i < n; i += LANES) set_result(place(i), normalized(i));
}
