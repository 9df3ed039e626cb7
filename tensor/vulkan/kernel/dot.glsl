// dot4 adds the products of the four bytes of two words.
#ifdef DOT
#extension GL_EXT_spirv_intrinsics : require
// OpSDotKHR of packed vectors of four elements of eight bits (format 0).
spirv_instruction(extensions = ["SPV_KHR_integer_dot_product"], capabilities = [6018, 6019], id = 4450)
int packed_dot(int a, int b, spirv_literal int format);
uint dot4(uint a, uint b, uint c) { return c + uint(packed_dot(int(a), int(b), 0)); }
#else
uint dot4(uint a, uint b, uint c) {
  return c + byte_at(a, 0u) * byte_at(b, 0u) + byte_at(a, 1u) * byte_at(b, 1u) + byte_at(a, 2u) * byte_at(b, 2u) + byte_at(a, 3u) * byte_at(b, 3u);
}
#endif
