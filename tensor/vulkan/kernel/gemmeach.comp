#version 450
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#include "dot.glsl"

// As gemm, for matrices of which a workgroup of gemm or gemv would fill a small part: a thread computes
// an element. Parameters: M, N, words of K, words of A, W and Out per matrix, words from row to row of Out,
// matrices.
INPUT(0, a)
INPUT(1, w)
OUTPUT(2, result)

void main() {
  uint i = thread();
  uint c = i % p[1], r = i / p[1] % p[0], z = i / p[1] / p[0];
  if (z >= p[7]) return;
  uint from = z * p[3] + r * p[2], weights = z * p[4] + c * p[2], total = 0u;
  for (uint q = 0u; q < p[2]; q++) total = dot4(a(from + q), w(weights + q), total);
  set_result(z * p[5] + r * p[6] + c, total);
}
