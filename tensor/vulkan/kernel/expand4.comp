#version 450
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
// Parameters: words of W, elements of a group, elements of the first group that came before, bytes
// before the first gain and the first zero, whether there are zeros.
INPUT(0, w)
INPUT(1, gain)
INPUT(2, zero)
OUTPUT(3, result)

void main() {
  uint i = thread();
  if (i >= p[0]) return;
  uint group = (p[2] + 8u * i) / p[1];
  uint by = byte_at(gain((p[3] + group) / 4u), p[3] + group);
  uint less = p[5] != 0u ? byte_at(zero((p[4] + group) / 4u), p[4] + group) : 0u;
  uint word = w(i);
  for (uint half_ = 0u; half_ < 2u; half_++) {
    uint packed = 0u;
    for (uint j = 0u; j < 4u; j++) {
      uint weight = uint(bitfieldExtract(int(word), int(16u * half_ + 4u * j), 4));
      int v = clamp(int((weight - less) * by), -127, 127);
      packed |= (uint(v) & 255u) << (8u * j);
    }
    set_result(2u * i + half_, packed);
  }
}
