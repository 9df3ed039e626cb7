#version 450
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
// Parameters: threads, columns of the part, columns, places, flags: Acc of eight bits, Out of eight
// bits, rows, columns, one row, one column, residual.
INPUT(0, acc)
INPUT(1, rowScale)
INPUT(2, colScale)
INPUT(3, residual)
OUTPUT(4, result)

uint one(uint r, uint c, uint i) {
  uint flags = p[4];
  uint v = (flags & 1u) != 0u ? byte_at(acc(i / 4u), i) : acc(i);
  if ((flags & 16u) != 0u) r = 0u;
  if ((flags & 32u) != 0u) c = 0u;
  Scale s;
  if ((flags & 4u) != 0u) {
    s = normal(rowScale(2u * r), rowScale(2u * r + 1u));
    if ((flags & 8u) != 0u) s = times(s, normal(colScale(2u * c), colScale(2u * c + 1u)));
  } else {
    s = normal(colScale(2u * c), colScale(2u * c + 1u));
  }
  v = apply(s, v, int(p[3]));
  return (flags & 64u) != 0u ? add(v, residual(i)) : v;
}

void main() {
  uint i = thread();
  if (i >= p[0]) return;
  uint each = (p[4] & 3u) != 0u ? 4u : 1u;
  uint perRow = p[1] / each;
  uint r = i / perRow, c = i % perRow * each;
  uint at = r * p[2] + c;
  uint packed = 0u;
  for (uint j = 0u; j < each; j++) {
    uint v = one(r, c + j, at + j);
    if ((p[4] & 2u) != 0u) packed |= (uint(clamp(int(v), -127, 127)) & 255u) << (8u * j);
    else set_result(at + j, v);
  }
  if ((p[4] & 2u) != 0u) set_result(at / 4u, packed);
}
