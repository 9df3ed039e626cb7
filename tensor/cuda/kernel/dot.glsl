// dot4 adds the products of the four bytes of two words; see device.h.
#ifdef DOT
uint dot4(uint a, uint b, uint c) { return dot_words(a, b, c); }
#else
uint dot4(uint a, uint b, uint c) {
  return c + byte_at(a, 0u) * byte_at(b, 0u) + byte_at(a, 1u) * byte_at(b, 1u) + byte_at(a, 2u) * byte_at(b, 2u) + byte_at(a, 3u) * byte_at(b, 3u);
}
#endif
