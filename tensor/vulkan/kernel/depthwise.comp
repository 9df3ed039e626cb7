#version 450
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
// Parameters as of conv; a thread computes four channels of a pixel.
INPUT(0, x)
INPUT(1, w)
OUTPUT(2, result)

void main() {
  uint i = thread();
  uint r = i / p[10], q = i % p[10];
  if (r >= p[14]) return;
  uint y = p[11] + r / p[13], c = p[12] + r % p[13];
  uint sums[4];
  [[unroll]] for (uint j = 0u; j < 4u; j++) sums[j] = 0u;
  for (uint h = 0u; h < p[2]; h++) {
    uint down = y * p[4] + h * p[6] - p[8];
    if (down >= p[0]) continue;
    for (uint v = 0u; v < p[3]; v++) {
      uint across = c * p[5] + v * p[7] - p[9];
      if (across >= p[1]) continue;
      uint pixel = x(gl_WorkGroupID.z * p[19] + ((down - p[18]) * p[1] + across) * p[10] + q);
      uint weight = w((h * p[3] + v) * p[10] + q);
      [[unroll]] for (uint j = 0u; j < 4u; j++) sums[j] += byte_at(pixel, j) * byte_at(weight, j);
    }
  }
  uint at = gl_WorkGroupID.z * p[20] + ((r / p[13]) * p[17] + r % p[13]) * p[10] * 4u + q * 4u;
  [[unroll]] for (uint j = 0u; j < 4u; j++) set_result(at + j, sums[j]);
}
