#version 450
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
// Parameters: elements, columns of the part, columns, kind, shift, words from row to row of B, words
// from column to column.
INPUT(0, a)
INPUT(1, b)
OUTPUT(2, result)

void main() {
  uint i = thread();
  if (i >= p[0]) return;
  uint r = i / p[1], c = i % p[1], at = r * p[2] + c;
  uint v = a(at), w = b(r * p[5] + c * p[6]);
  if (p[3] == 0u) v = add(v, w);
  else if (p[3] == 1u) v = sub(v, w);
  else if (p[3] == 2u) v = mulshr_signed(v, w, p[4]);
  else if (p[3] == 3u) v = smaller(v, w);
  else v = larger(v, w);
  set_result(at, v);
}
