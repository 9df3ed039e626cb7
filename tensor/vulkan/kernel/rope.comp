#version 450
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
// Parameters: elements, heads of the part, elements of a head, rotated pairs.
INPUT(0, x)
INPUT(1, cosine)
INPUT(2, sine)
OUTPUT(3, result)

void main() {
  uint i = thread();
  if (i >= p[0]) return;
  uint d = i % p[2], angle = i / p[2] / p[1] * p[3], pairs = p[3];
  uint v = x(i);
  if (d < pairs) {
    uint other = x(i + pairs), c = cosine(angle + d), s = sine(angle + d);
    v = sub(mulshr_signed(v, c, 30u), mulshr_signed(other, s, 30u));
  } else if (d < 2u * pairs) {
    uint other = x(i - pairs), c = cosine(angle + d - pairs), s = sine(angle + d - pairs);
    v = add(mulshr_signed(v, c, 30u), mulshr_signed(other, s, 30u));
  }
  set_result(i, v);
}
