#version 450
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#include "dot.glsl"

// Parameters: height and width of the image, height and width of the kernel, strides and dilations
// (down, across), frame (top, left), words of a pixel, first row and column of the output, columns of
// the part, pixels of the part, kernels of the part, kernels, columns of the output, first row of the
// image, words of X and Out per image.
INPUT(0, x)
INPUT(1, w)
OUTPUT(2, result)

uint row(uint r, uint q) {
  uint y = p[11] + r / p[13], c = p[12] + r % p[13];
  uint place = q / p[10];
  uint down = y * p[4] + place / p[3] * p[6] - p[8], across = c * p[5] + place % p[3] * p[7] - p[9];
  if (down >= p[0] || across >= p[1]) return 0u;
  return x(gl_WorkGroupID.z * p[19] + ((down - p[18]) * p[1] + across) * p[10] + q % p[10]);
}
uint column(uint c, uint q) { return w(c * p[2] * p[3] * p[10] + q); }
void store(uint r, uint c, uint v) {
  set_result(gl_WorkGroupID.z * p[20] + ((r / p[13]) * p[17] + r % p[13]) * p[16] + c, v);
}
#include "tile.glsl"

void main() { multiply(p[14], p[15], p[2] * p[3] * p[10]); }
