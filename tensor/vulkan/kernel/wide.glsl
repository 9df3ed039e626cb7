// Wide is a number of 64 bits without a sign. Devices without such integers (NARROW) have it as two
// words, the low one first. Shifts are by 0 to 63 places.
#ifdef NARROW
#define Wide uvec2
Wide wide(uint low) { return uvec2(low, 0u); }
Wide joined(uint low, uint high) { return uvec2(low, high); }
uint low(Wide a) { return a.x; }
uint high(Wide a) { return a.y; }
Wide plus(Wide a, Wide b) {
  uint low = a.x + b.x;
  return uvec2(low, a.y + b.y + (low < b.x ? 1u : 0u));
}
Wide minus(Wide a, Wide b) { return uvec2(a.x - b.x, a.y - b.y - (a.x < b.x ? 1u : 0u)); }
// product is that of two words, and times_wide the low 64 bits of that of two numbers.
Wide product(uint a, uint b) {
  uint low, high;
  umulExtended(a, b, high, low);
  return uvec2(low, high);
}
Wide times_wide(Wide a, Wide b) {
  uvec2 c = product(a.x, b.x);
  return uvec2(c.x, c.y + a.x * b.y + a.y * b.x);
}
Wide up(Wide a, uint s) {
  if (s >= 32u) return uvec2(0u, a.x << (s - 32u));
  return s == 0u ? a : uvec2(a.x << s, a.y << s | a.x >> (32u - s));
}
Wide down(Wide a, uint s) {
  if (s >= 32u) return uvec2(a.y >> (s - 32u), 0u);
  return s == 0u ? a : uvec2(a.x >> s | a.y << (32u - s), a.y >> s);
}
bool at_most(Wide a, Wide b) { return a.y < b.y || a.y == b.y && a.x <= b.x; }
#else
#extension GL_ARB_gpu_shader_int64 : require
#define Wide uint64_t
#define wide(low) uint64_t(low)
#define joined(low, high) (uint64_t(low) | uint64_t(high) << 32)
#define low(a) uint(a)
#define high(a) uint((a) >> 32)
#define plus(a, b) ((a) + (b))
#define minus(a, b) ((a) - (b))
#define product(a, b) (uint64_t(a) * uint64_t(b))
#define times_wide(a, b) ((a) * (b))
#define up(a, s) ((a) << (s))
#define down(a, s) ((a) >> (s))
#define at_most(a, b) ((a) <= (b))
#endif
