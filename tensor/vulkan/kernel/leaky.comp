#version 450
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
// Parameters: elements, columns of the part, columns, words from slope to slope.
INPUT(0, x)
INPUT(1, slope)
OUTPUT(2, result)

void main() {
  uint i = thread();
  if (i >= p[0]) return;
  uint c = i % p[1], at = i / p[1] * p[2] + c;
  uint v = x(at);
  set_result(at, negative(v) ? mulshr_signed(v, slope(c * p[3]), 30u) : v);
}
