#version 450
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#include "dot.glsl"

// As gemm, for few rows of A: a workgroup multiplies 4 rows with 8 columns, 16 lanes each.
INPUT(0, a)
INPUT(1, w)
OUTPUT(2, result)

shared uint parts[4 * 128];

void main() {
  uint z = gl_WorkGroupID.z, r0 = gl_WorkGroupID.y * 4u;
  uint c = gl_WorkGroupID.x * 8u + lane() / 16u, within = lane() % 16u;
  uint rows = min(p[0] - r0, 4u);
  // The last row stands for those that are missing, so that each loop has four rounds.
  uint bases[4];
  [[unroll]] for (uint i = 0u; i < 4u; i++) bases[i] = z * p[3] + (r0 + min(i, rows - 1u)) * p[2];
  uint sums[4];
  [[unroll]] for (uint i = 0u; i < 4u; i++) sums[i] = 0u;
  if (c < p[1]) {
    for (uint q = within; q < p[2]; q += 16u) {
      uint weight = w(z * p[4] + c * p[2] + q);
      [[unroll]] for (uint i = 0u; i < 4u; i++) sums[i] = dot4(a(bases[i] + q), weight, sums[i]);
    }
  }
  [[unroll]] for (uint i = 0u; i < 4u; i++) parts[i * LANES + lane()] = sums[i];
  barrier();
  for (uint s = 8u; s > 0u; s >>= 1) {
    if (within < s) {
      [[unroll]] for (uint i = 0u; i < 4u; i++) parts[i * LANES + lane()] += parts[i * LANES + lane() + s];
    }
    barrier();
  }
  if (within < rows && c < p[1]) set_result(z * p[5] + (r0 + within) * p[6] + c, parts[within * LANES + lane() - within]);
}
