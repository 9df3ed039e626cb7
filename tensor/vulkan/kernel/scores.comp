#version 450
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#include "dot.glsl"
#include "mask.glsl"

// Parameters: heads, heads of the queries for one of the keys, words of a head, keys of the part, M and
// E of the unit, mask (3), first head, first query, first key, heads of the keys, keys, words from head
// to head of Out. A workgroup does 128 keys of a query (y) of a head (z).
INPUT(0, q)
INPUT(1, qScale)
INPUT(2, k)
INPUT(3, kScale)
OUTPUT(4, result)

void main() {
  uint s = thread(), t = gl_WorkGroupID.y, h = gl_WorkGroupID.z;
  if (s >= p[3]) return;
  uint at = h * p[14] + t * p[13] + s;
  if (!seen(p[10] + t, p[11] + s, p[6], p[7], p[8])) {
    set_result(at, SMALLEST);
    return;
  }
  uint query = t * p[0] + p[9] + h, key = s * p[12] + (p[9] + h) / p[1];
  uint total = 0u;
  for (uint i = 0u; i < p[2]; i++) total = dot4(q(query * p[2] + i), k(key * p[2] + i), total);
  Scale by = times(normal(qScale(2u * query), qScale(2u * query + 1u)), normal(p[4], p[5]));
  set_result(at, apply(times(by, normal(kScale(2u * key), kScale(2u * key + 1u))), total, 16));
}
