#version 450
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
// Parameters: elements, low, high.
INPUT(0, x)
OUTPUT(1, result)

void main() {
  uint i = thread();
  if (i < p[0]) set_result(i, smaller(larger(x(i), p[1]), p[2]));
}
