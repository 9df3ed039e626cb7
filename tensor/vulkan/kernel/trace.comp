#version 450
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#include "reduce.glsl"

// Parameters: elements, key (2), index of the first one (2), words before the sum. A thread does eight
// elements. The sum has 64 bits in two words: a carry from the low one goes to the high one.
INPUT(0, x)
layout(std430, set = 0, binding = 1) buffer Sums { uint sums[]; };

void main() {
  uint64_t key = uint64_t(p[1]) | uint64_t(p[2]) << 32, first = uint64_t(p[3]) | uint64_t(p[4]) << 32;
  uint64_t golden = uint64_t(0x7f4a7c15u) | uint64_t(0x9e3779b9u) << 32;
  uint64_t one = uint64_t(0x1ce4e5b9u) | uint64_t(0xbf58476du) << 32;
  uint64_t two = uint64_t(0x133111ebu) | uint64_t(0x94d049bbu) << 32;
  uint64_t total = uint64_t(0u);
  for (uint j = 0u; j < 8u; j++) {
    uint i = (gl_WorkGroupID.x * 8u + j) * LANES + lane();
    if (i >= p[0]) break;
    uint64_t e = uint64_t(x(i));
    uint64_t v = (key + (first + uint64_t(i)) * golden) ^ (e | e << 32);
    v = (v ^ v >> 30) * one;
    v = (v ^ v >> 27) * two;
    total += v ^ v >> 31;
  }
  total = sum_of(total);
  if (lane() == 0u) {
    uint low = uint(total);
    uint at = p[25] + p[5];
    uint old = atomicAdd(sums[at], low);
    uint carry = old + low < old ? 1u : 0u;
    atomicAdd(sums[at + 1u], uint(total >> 32) + carry);
  }
}
