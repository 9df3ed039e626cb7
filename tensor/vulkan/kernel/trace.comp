#version 450
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#include "reduce.glsl"

// Parameters: elements, key (2), index of the first one (2), words before the sum. A thread does eight
// elements. The sum has 64 bits in two words: a carry from the low one goes to the high one.
INPUT(0, x)
layout(std430, set = 0, binding = 1) buffer Sums { uint sums[]; };

void main() {
  Wide key = joined(p[1], p[2]), first = joined(p[3], p[4]);
  Wide golden = joined(0x7f4a7c15u, 0x9e3779b9u);
  Wide one = joined(0x1ce4e5b9u, 0xbf58476du), two = joined(0x133111ebu, 0x94d049bbu);
  Wide total = wide(0u);
  for (uint j = 0u; j < 8u; j++) {
    uint i = (gl_WorkGroupID.x * 8u + j) * LANES + lane();
    if (i >= p[0]) break;
    uint e = x(i);
    Wide v = plus(key, times_wide(plus(first, wide(i)), golden)) ^ joined(e, e);
    v = times_wide(v ^ down(v, 30u), one);
    v = times_wide(v ^ down(v, 27u), two);
    total = plus(total, v ^ down(v, 31u));
  }
  total = sum_of(total);
  if (lane() == 0u) {
    uint at = p[25] + p[5];
    uint old = atomicAdd(sums[at], low(total));
    uint carry = old + low(total) < old ? 1u : 0u;
    atomicAdd(sums[at + 1u], high(total) + carry);
  }
}
