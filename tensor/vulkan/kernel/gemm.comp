#version 450
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#include "dot.glsl"

// Parameters: M, N, words of K, words of A, W and Out per matrix, words from row to row of Out.
INPUT(0, a)
INPUT(1, w)
OUTPUT(2, result)

uint row(uint r, uint q) { return a(gl_WorkGroupID.z * p[3] + r * p[2] + q); }
uint column(uint c, uint q) { return w(gl_WorkGroupID.z * p[4] + c * p[2] + q); }
void store(uint r, uint c, uint v) { set_result(gl_WorkGroupID.z * p[5] + r * p[6] + c, v); }
#include "tile.glsl"

void main() { multiply(p[0], p[1], p[2]); }
