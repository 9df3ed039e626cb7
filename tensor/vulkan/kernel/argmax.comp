#version 450
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#include "reduce.glsl"

// Parameter: columns. A workgroup does a row.
INPUT(0, x)
OUTPUT(1, result)

void main() {
  uint r = gl_WorkGroupID.x, best = 0u, place = 0xffffffffu;
  for (uint c = lane(); c < p[0]; c += LANES) {
    uint v = x(r * p[0] + c) ^ SMALLEST;
    if (place == 0xffffffffu || v > best) { best = v; place = c; }
  }
  uint most = largest_of(best);
  // The lowest place has the largest complement.
  place = ~largest_of(place != 0xffffffffu && best == most ? ~place : 0u);
  if (lane() == 0u) set_result(r, place);
}
