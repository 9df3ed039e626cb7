#version 450
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
// Parameters: elements, whether they are of the normal distribution, key (2), stream (2), first (2).
OUTPUT(0, result)
INPUT(1, tail)

uint gaussian(uint word) {
  uint u = max(word & LARGEST, 1u);
  uint octave = uint(bits(u) - 1);
  uint within = (u << (30u - octave)) - (1u << 30);
  uint i = octave << 6 | within >> 24;
  uint v = line(tail(i), tail(i + 1u), within & 0xffffffu, 24u);
  return negative(word) ? 0u - v : v;
}

void main() {
  uint i = thread();
  if (4u * i >= p[0]) return;
  uint64_t n = (uint64_t(p[6]) | uint64_t(p[7]) << 32) + uint64_t(i);
  uvec4 c = uvec4(uint(n), uint(n >> 32), p[4], p[5]);
  uvec2 k = uvec2(p[2], p[3]);
  for (int round_ = 0; round_ < 10; round_++) {
    uint64_t a = uint64_t(0xd2511f53u) * uint64_t(c.x), b = uint64_t(0xcd9e8d57u) * uint64_t(c.z);
    c = uvec4(uint(b >> 32) ^ c.y ^ k.x, uint(b), uint(a >> 32) ^ c.w ^ k.y, uint(a));
    k += uvec2(0x9e3779b9u, 0xbb67ae85u);
  }
  for (uint j = 0u; j < 4u && 4u * i + j < p[0]; j++) set_result(4u * i + j, p[1] != 0u ? gaussian(c[j]) : c[j]);
}
