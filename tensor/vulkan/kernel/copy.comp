#version 450
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
// Parameters: threads, sizes (5), strides of From (5), strides of To (4), bits of an element, elements
// before the first one of From. A thread writes a word, or the two words of a scale.
INPUT(0, source)
OUTPUT(1, target)

void main() {
  uint i = thread();
  if (i >= p[0]) return;
  uint width = p[15], each = width < 32u ? 32u / width : 1u;
  uint place[5];
  place[4] = i % (p[5] / each) * each;
  i /= p[5] / each;
  for (int d = 3; d >= 0; d--) { place[d] = i % p[1 + d]; i /= p[1 + d]; }
  uint in_ = p[16], out_ = place[4];
  for (int d = 0; d < 5; d++) in_ += place[d] * p[6 + d];
  for (int d = 0; d < 4; d++) out_ += place[d] * p[11 + d];
  if (width == 64u) {
    set_target(2u * out_, source(2u * in_));
    set_target(2u * out_ + 1u, source(2u * in_ + 1u));
    return;
  }
  if (width == 32u) { set_target(out_, source(in_)); return; }
  uint word = 0u;
  for (uint j = 0u; j < each; j++) {
    uint from = in_ + j * p[10];
    uint element = width == 8u ? byte_at(source(from / 4u), from) & 255u : half_at(source(from / 2u), from) & 65535u;
    word |= element << (width * j);
  }
  set_target(out_ / each, word);
}
