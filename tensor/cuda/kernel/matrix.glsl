// As tile.glsl with tensor cores: mma.sync on signed bytes, whose sums have 32 bits and wrap. A workgroup
// multiplies 64 rows with 64 columns, and each of its four warps 32 with 32. STEP_ROWS and STEP_WORDS are
// the rows of A and the words of depth of one instruction, which multiplies with eight columns; ROW_PARTS
// and WORD_PARTS count the words of A that a lane holds along each. A lane holds the words of row lane/4 (and,
// of the second part, eight rows below it) at place lane%4 (and four words after it), B alike by columns, and
// the sums of two columns from 2·(lane%4) on: "Matrix Fragments for mma" in the PTX ISA.
const uint SIDE = 64u;
// Words of a row that are multiplied at once, and words from row to row in shared memory: reads of a
// fragment fall into different banks.
const uint DEPTH = 16u;
const uint PITCH = 20u;
const uint EACH = SIDE * DEPTH / 128u;
const uint DOWN = 32u / (8u * ROW_PARTS);
const uint STEP = 4u * WORD_PARTS;

shared uint rowWords[64 * 20];
shared uint columnWords[64 * 20];

void multiply(uint rows, uint columns, uint depth) {
  uint r0 = gl_WorkGroupID.y * SIDE, c0 = gl_WorkGroupID.x * SIDE;
  uint warp = lane() / 32u, fragment = lane() % 32u / 4u, within = lane() % 4u;
  uint top = warp / 2u * 32u, left = warp % 2u * 32u;
  uint sums[DOWN][4][2u * ROW_PARTS];
  UNROLL for (uint i = 0u; i < DOWN; i++) {
    UNROLL for (uint j = 0u; j < 4u; j++) {
      UNROLL for (uint k = 0u; k < 2u * ROW_PARTS; k++) sums[i][j][k] = 0u;
    }
  }
  // What is multiplied next is read while the tensor cores work.
  uint nextRows[EACH], nextColumns[EACH];
  UNROLL for (uint i = 0u; i < EACH; i++) {
    uint r = (i * LANES + lane()) / DEPTH, q = lane() % DEPTH;
    nextRows[i] = q < depth && r0 + r < rows ? row(r0 + r, q) : 0u;
    nextColumns[i] = q < depth && c0 + r < columns ? column(c0 + r, q) : 0u;
  }
  for (uint q0 = 0u; q0 < depth; q0 += DEPTH) {
    UNROLL for (uint i = 0u; i < EACH; i++) {
      uint at = (i * LANES + lane()) / DEPTH * PITCH + lane() % DEPTH;
      rowWords[at] = nextRows[i];
      columnWords[at] = nextColumns[i];
    }
    barrier();
    UNROLL for (uint i = 0u; i < EACH; i++) {
      uint r = (i * LANES + lane()) / DEPTH, q = q0 + DEPTH + lane() % DEPTH;
      nextRows[i] = q < depth && r0 + r < rows ? row(r0 + r, q) : 0u;
      nextColumns[i] = q < depth && c0 + r < columns ? column(c0 + r, q) : 0u;
    }
    UNROLL for (uint q = 0u; q < DEPTH; q += STEP) {
      uint b[4][WORD_PARTS];
      UNROLL for (uint j = 0u; j < 4u; j++) {
        UNROLL for (uint w = 0u; w < WORD_PARTS; w++) b[j][w] = columnWords[(left + 8u * j + fragment) * PITCH + q + 4u * w + within];
      }
      UNROLL for (uint i = 0u; i < DOWN; i++) {
        uint a[ROW_PARTS * WORD_PARTS];
        UNROLL for (uint w = 0u; w < WORD_PARTS; w++) {
          UNROLL for (uint r = 0u; r < ROW_PARTS; r++) a[w * ROW_PARTS + r] = rowWords[(top + 8u * (i * ROW_PARTS + r) + fragment) * PITCH + q + 4u * w + within];
        }
        UNROLL for (uint j = 0u; j < 4u; j++) multiply_fragments(sums[i][j], a, b[j]);
      }
    }
    barrier();
  }
  UNROLL for (uint i = 0u; i < DOWN; i++) {
    UNROLL for (uint j = 0u; j < 4u; j++) {
      UNROLL for (uint k = 0u; k < 2u * ROW_PARTS; k++) {
        uint r = r0 + top + 8u * (i * ROW_PARTS + k / 2u) + fragment, c = c0 + left + 8u * j + 2u * within + k % 2u;
        if (r < rows && c < columns) store(r, c, sums[i][j][k]);
      }
    }
  }
}
