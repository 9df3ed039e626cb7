#ifdef MATRIX
#include "matrix.glsl"
#else
// A workgroup multiplies 64 rows with 64 columns; row(r, q) and column(c, q) return word q of
// `depth` words, and store takes a result.
shared uint rowWords[64 * 9];
shared uint columnWords[64 * 9];

void multiply(uint rows, uint columns, uint depth) {
  uint r0 = gl_WorkGroupID.y * 64u, c0 = gl_WorkGroupID.x * 64u;
  uint tx = lane() % 8u, ty = lane() / 8u;
  uint sums[32];
  [[unroll]] for (int i = 0; i < 32; i++) sums[i] = 0u;
  for (uint q0 = 0u; q0 < depth; q0 += 8u) {
    for (uint i = lane(); i < 512u; i += LANES) {
      uint r = i / 8u, q = i % 8u;
      bool within = q0 + q < depth;
      rowWords[r * 9u + q] = within && r0 + r < rows ? row(r0 + r, q0 + q) : 0u;
      columnWords[r * 9u + q] = within && c0 + r < columns ? column(c0 + r, q0 + q) : 0u;
    }
    barrier();
    for (uint q = 0u; q < 8u; q++) {
      uint b[8];
      [[unroll]] for (uint j = 0u; j < 8u; j++) b[j] = columnWords[(tx + 8u * j) * 9u + q];
      [[unroll]] for (uint i = 0u; i < 4u; i++) {
        uint a = rowWords[(ty + 16u * i) * 9u + q];
        [[unroll]] for (uint j = 0u; j < 8u; j++) sums[i * 8u + j] = dot4(a, b[j], sums[i * 8u + j]);
      }
    }
    barrier();
  }
  [[unroll]] for (uint i = 0u; i < 4u; i++) {
    [[unroll]] for (uint j = 0u; j < 8u; j++) {
      uint r = r0 + ty + 16u * i, c = c0 + tx + 8u * j;
      if (r < rows && c < columns) store(r, c, sums[i * 8u + j]);
    }
  }
}
#endif
