// multiply of tile.glsl with cooperative matrices (VK_KHR_cooperative_matrix) of signed bytes, whose sums
// have 32 bits and wrap. Operands and results pass through memory of the workgroup, so that rows may begin
// at any word and tiles may be partly empty, which a matrix in a buffer may not. M, N and K are those of
// a matrix; they divide 64.
#extension GL_KHR_cooperative_matrix : require
#extension GL_KHR_memory_scope_semantics : require
#extension GL_KHR_shader_subgroup_basic : require
#extension GL_EXT_shader_explicit_arithmetic_types_int8 : require
#extension GL_EXT_shader_explicit_arithmetic_types_int32 : require

layout(constant_id = 0) const uint M = 16u;
layout(constant_id = 1) const uint N = 16u;
layout(constant_id = 2) const uint K = 32u;
// A subgroup multiplies a block of DOWN times ACROSS matrices.
layout(constant_id = 3) const uint DOWN = 2u;
layout(constant_id = 4) const uint ACROSS = 2u;

const uint SIDE = 64u;
// Words of a row that are multiplied at once, and words from row to row.
const uint DEPTH = 16u;
const uint PITCH = 20u;

// 64 rows and 64 columns, or 64 times 64 results.
shared uint tile[SIDE * SIDE];

void stage(uint rows, uint columns, uint depth, uint q0) {
  uint r0 = gl_WorkGroupID.y * SIDE, c0 = gl_WorkGroupID.x * SIDE;
  [[unroll]] for (uint i = lane(); i < SIDE * DEPTH; i += LANES) {
    uint r = i / DEPTH, q = i % DEPTH;
    bool within = q0 + q < depth;
    tile[r * PITCH + q] = within && r0 + r < rows ? row(r0 + r, q0 + q) : 0u;
    tile[(SIDE + r) * PITCH + q] = within && c0 + r < columns ? column(c0 + r, q0 + q) : 0u;
  }
}

void multiply(uint rows, uint columns, uint depth) {
  const uint across = SIDE / (N * ACROSS), blocks = SIDE / (M * DOWN) * across;
  // One round is enough if the workgroup has as many subgroups as blocks.
  for (uint first = 0u; first < blocks; first += gl_NumSubgroups) {
    uint block = first + gl_SubgroupID;
    bool busy = block < blocks;
    uint r0 = block / across * M * DOWN, c0 = block % across * N * ACROSS;
    coopmat<int32_t, gl_ScopeSubgroup, M, N, gl_MatrixUseAccumulator> sums[DOWN * ACROSS];
    [[unroll]] for (uint i = 0u; i < DOWN * ACROSS; i++) sums[i] = coopmat<int32_t, gl_ScopeSubgroup, M, N, gl_MatrixUseAccumulator>(0);
    for (uint q0 = 0u; q0 < depth; q0 += DEPTH) {
      stage(rows, columns, depth, q0);
      barrier();
      if (busy) {
        [[unroll]] for (uint q = 0u; q < DEPTH; q += K / 4u) {
          coopmat<int8_t, gl_ScopeSubgroup, K, N, gl_MatrixUseB> b[ACROSS];
          [[unroll]] for (uint j = 0u; j < ACROSS; j++) coopMatLoad(b[j], tile, (SIDE + c0 + j * N) * PITCH + q, PITCH, gl_CooperativeMatrixLayoutColumnMajor);
          [[unroll]] for (uint i = 0u; i < DOWN; i++) {
            coopmat<int8_t, gl_ScopeSubgroup, M, K, gl_MatrixUseA> a;
            coopMatLoad(a, tile, (r0 + i * M) * PITCH + q, PITCH, gl_CooperativeMatrixLayoutRowMajor);
            [[unroll]] for (uint j = 0u; j < ACROSS; j++) sums[i * ACROSS + j] = coopMatMulAdd(a, b[j], sums[i * ACROSS + j]);
          }
        }
      }
      barrier();
    }
    if (busy) {
      [[unroll]] for (uint i = 0u; i < DOWN; i++) {
        [[unroll]] for (uint j = 0u; j < ACROSS; j++) coopMatStore(sums[i * ACROSS + j], tile, (r0 + i * M) * SIDE + c0 + j * N, SIDE, gl_CooperativeMatrixLayoutRowMajor);
      }
    }
    barrier();
    for (uint i = lane(); i < SIDE * SIDE; i += LANES) {
      uint r = i / SIDE, c = i % SIDE;
      uint of = r / (M * DOWN) * across + c / (N * ACROSS);
      uint down = gl_WorkGroupID.y * SIDE + r, along = gl_WorkGroupID.x * SIDE + c;
      if (of - first < gl_NumSubgroups && down < rows && along < columns) store(down, along, tile[i]);
    }
    barrier();
  }
}
