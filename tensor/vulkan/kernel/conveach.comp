#version 450
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#include "dot.glsl"

// As conv, with its parameters, for few kernels: a thread computes an element.
INPUT(0, x)
INPUT(1, w)
OUTPUT(2, result)

void main() {
  uint i = thread();
  uint r = i / p[15], k = i % p[15];
  if (r >= p[14]) return;
  uint y = p[11] + r / p[13], c = p[12] + r % p[13];
  uint total = 0u;
  for (uint h = 0u; h < p[2]; h++) {
    uint down = y * p[4] + h * p[6] - p[8];
    if (down >= p[0]) continue;
    for (uint v = 0u; v < p[3]; v++) {
      uint across = c * p[5] + v * p[7] - p[9];
      if (across >= p[1]) continue;
      uint pixel = gl_WorkGroupID.z * p[19] + ((down - p[18]) * p[1] + across) * p[10];
      uint weights = ((k * p[2] + h) * p[3] + v) * p[10];
      for (uint q = 0u; q < p[10]; q++) total = dot4(x(pixel + q), w(weights + q), total);
    }
  }
  set_result(gl_WorkGroupID.z * p[20] + ((r / p[13]) * p[17] + r % p[13]) * p[16] + k, total);
}
