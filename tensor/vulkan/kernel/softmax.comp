#version 450
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#include "reduce.glsl"
#include "mask.glsl"

// Parameters: keys, whether values have scales, heads of the keys, heads of the queries for one of the
// keys, mask (3), first head, first query, queries. A workgroup does a query (x) of a head (y).
INPUT(0, x)
INPUT(1, vScale)
OUTPUT(2, result)
OUTPUT(3, scale)
INPUT(4, table)

uint exp2neg(uint x) {
  uint shift = x >> 16;
  if (shift > 30u) return 0u;
  uint i = x >> 6 & 1023u;
  return line(table(i), table(i + 1u), x & 63u, 6u) >> shift;
}

Scale value_scale(uint s) {
  uint i = 2u * (s * p[2] + (p[7] + gl_WorkGroupID.y) / p[3]);
  return normal(vScale(i), vScale(i + 1u));
}

void main() {
  uint keys = p[0], t = p[8] + gl_WorkGroupID.x;
  uint r = gl_WorkGroupID.y * p[9] + gl_WorkGroupID.x, base = r * keys;
  uint most = 0u;
  for (uint s = lane(); s < keys; s += LANES) {
    if (seen(t, s, p[4], p[5], p[6])) most = max(most, x(base + s) ^ SMALLEST);
  }
  most = largest_of(most) ^ SMALLEST;
  Wide total = wide(0u);
  uint least = 0u; // of the exponents, 2^31 less the exponent
  for (uint s = lane(); s < keys; s += LANES) {
    uint weight = 0u;
    if (seen(t, s, p[4], p[5], p[6])) weight = (exp2neg(most - x(base + s)) + 32u) >> 6;
    total = plus(total, wide(weight));
    if (p[1] != 0u && weight != 0u) {
      Scale v = value_scale(s);
      if (v.m != 0u) least = max(least, SMALLEST - uint(v.e));
    }
    set_result(base + s, weight);
  }
  Scale by = inverse(sum_of(total));
  if (p[1] != 0u) {
    least = largest_of(least);
    int e = int(SMALLEST - least);
    for (uint s = lane(); s < keys; s += LANES) {
      uint weight = result(base + s);
      if (weight == 0u) continue;
      Scale v = value_scale(s);
      int shift = 31 + v.e - e;
      set_result(base + s, least != 0u && v.m != 0u && shift <= 62 ? mulshr(weight, v.m, uint(shift)) : 0u);
    }
    if (least == 0u) by = ZERO;
    else by.e += e - 31;
  }
  if (lane() == 0u) {
    set_scale(2u * r, by.m);
    set_scale(2u * r + 1u, uint(by.e));
  }
}
