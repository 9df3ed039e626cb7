#version 450
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#include "reduce.glsl"

// Parameters: columns, M and E of the scale. A workgroup does a row.
INPUT(0, x)
OUTPUT(1, result)

void main() {
  uint r = gl_WorkGroupID.x;
  Wide total = wide(0u);
  for (uint c = lane(); c < p[0]; c += LANES) total = plus(total, extend(x(r * p[0] + c)));
  total = sum_of(total);
  if (lane() == 0u) set_result(r, apply_wide(normal(p[1], p[2]), total, 0));
}
