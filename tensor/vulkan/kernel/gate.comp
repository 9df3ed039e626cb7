#version 450
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
// Parameters: elements, flags: multiply with X, multiply with U; shift, low, step, intervals.
INPUT(0, x)
INPUT(1, u)
INPUT(2, table)
OUTPUT(3, result)
#include "lookup.glsl"

void main() {
  uint i = thread();
  if (i >= p[0]) return;
  uint v = x(i);
  uint y = value(v, p[3], p[4], p[5]);
  if ((p[1] & 1u) != 0u) y = mulshr_signed(v, y, 30u);
  if ((p[1] & 2u) != 0u) y = mulshr_signed(y, u(i), p[2]);
  set_result(i, y);
}
