#version 450
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#include "mask.glsl"

// Parameters: words of a head, keys, heads of the keys, heads of the queries for one of the keys, heads,
// places, mask (3), first head, first query, queries, logarithm of the lanes that share the keys' words.
// A workgroup does some words (x) of a query (y) of a head (z).
INPUT(0, u)
INPUT(1, scale)
INPUT(2, v)
OUTPUT(3, result)

shared Wide parts[4 * 128];

void main() {
  uint t = gl_WorkGroupID.y, h = gl_WorkGroupID.z;
  uint width = 1u << p[12], slices = LANES >> p[12];
  uint within = lane() & (width - 1u), slice = lane() >> p[12];
  uint word = gl_WorkGroupID.x * width + within;
  uint row = h * p[11] + t, group = (p[9] + h) / p[3];
  Wide sums[4];
  [[unroll]] for (uint j = 0u; j < 4u; j++) sums[j] = wide(0u);
  if (word < p[0]) {
    for (uint s = slice; s < p[1]; s += slices) {
      if (!seen(p[10] + t, s, p[6], p[7], p[8])) continue;
      Wide weight = extend(u(row * p[1] + s));
      uint four = v((s * p[2] + group) * p[0] + word);
      [[unroll]] for (uint j = 0u; j < 4u; j++) sums[j] = plus(sums[j], times_wide(weight, extend(byte_at(four, j))));
    }
  }
  [[unroll]] for (uint j = 0u; j < 4u; j++) parts[j * LANES + lane()] = sums[j];
  barrier();
  for (uint s = LANES / 2u; s >= width; s >>= 1) {
    if (lane() < s) {
      [[unroll]] for (uint j = 0u; j < 4u; j++) parts[j * LANES + lane()] = plus(parts[j * LANES + lane()], parts[j * LANES + lane() + s]);
    }
    barrier();
  }
  if (slice != 0u || word >= p[0]) return;
  Scale by = normal(scale(2u * row), scale(2u * row + 1u));
  uint at = (t * p[4] + p[9] + h) * p[0] * 4u + word * 4u;
  [[unroll]] for (uint j = 0u; j < 4u; j++) set_result(at + j, apply_wide(by, parts[j * LANES + lane()], int(p[5])));
}
