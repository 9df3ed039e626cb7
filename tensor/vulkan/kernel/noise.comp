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
  Wide n = plus(joined(p[6], p[7]), wide(i));
  uvec4 c = uvec4(low(n), high(n), p[4], p[5]);
  uvec2 k = uvec2(p[2], p[3]);
  for (int round_ = 0; round_ < 10; round_++) {
    Wide a = product(0xd2511f53u, c.x), b = product(0xcd9e8d57u, c.z);
    c = uvec4(high(b) ^ c.y ^ k.x, low(b), high(a) ^ c.w ^ k.y, low(a));
    k += uvec2(0x9e3779b9u, 0xbb67ae85u);
  }
  for (uint j = 0u; j < 4u && 4u * i + j < p[0]; j++) set_result(4u * i + j, p[1] != 0u ? gaussian(c[j]) : c[j]);
}
