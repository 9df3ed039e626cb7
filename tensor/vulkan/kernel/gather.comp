#version 450
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
// Parameters: words of Out, words of a row, last row, first row of the window, rows of the window.
INPUT(0, rows)
INPUT(1, place)
OUTPUT(2, result)

void main() {
  uint i = thread();
  if (i >= p[0]) return;
  uint at = place(i / p[1]);
  at = (negative(at) ? 0u : min(at, p[2])) - p[3];
  if (at < p[4]) set_result(i, rows(at * p[1] + i % p[1]));
}
