// Arithmetic of the profile tensor/1 on unsigned words, as in tensor/fixed. Numbers with a sign are
// words in two's complement.
#extension GL_EXT_control_flow_attributes : require
#include "wide.glsl"

layout(local_size_x = 128) in;

// Parameters: 24 of the kernel, and for each binding the word at which its operand begins.
layout(push_constant) uniform Parameters { uint p[32]; };

#define INPUT(n, name) \
  layout(std430, set = 0, binding = n) readonly buffer Binding##n { uint words##n[]; }; \
  uint name(uint i) { return words##n[p[24 + n] + i]; }
#define OUTPUT(n, name) \
  layout(std430, set = 0, binding = n) buffer Binding##n { uint words##n[]; }; \
  uint name(uint i) { return words##n[p[24 + n] + i]; } \
  void set_##name(uint i, uint v) { words##n[p[24 + n] + i] = v; }

const uint LANES = 128u;
const uint LARGEST = 0x7fffffffu;
const uint SMALLEST = 0x80000000u;

uint lane() { return gl_LocalInvocationID.x; }
uint thread() { return gl_WorkGroupID.x * LANES + gl_LocalInvocationID.x; }

bool negative(uint x) { return (x >> 31) != 0u; }
uint size(uint x) { return negative(x) ? 0u - x : x; }
uint signed_as(uint magnitude, uint like) { return negative(like) ? 0u - magnitude : magnitude; }
bool below(uint a, uint b) { return (a ^ SMALLEST) < (b ^ SMALLEST); }
uint smaller(uint a, uint b) { return below(a, b) ? a : b; }
uint larger(uint a, uint b) { return below(a, b) ? b : a; }
int bits(uint x) { return findMSB(x) + 1; }
int bits64(Wide x) { return high(x) != 0u ? 32 + bits(high(x)) : bits(low(x)); }
Wide extend(uint x) { return joined(x, negative(x) ? 0xffffffffu : 0u); }

// Elements of eight and of sixteen bits, extended.
uint byte_at(uint word, uint i) { return uint(bitfieldExtract(int(word), int(8u * (i & 3u)), 8)); }
uint half_at(uint word, uint i) { return uint(bitfieldExtract(int(word), int(16u * (i & 1u)), 16)); }

uint add(uint a, uint b) {
  uint c = a + b;
  return negative((a ^ c) & (b ^ c)) ? (negative(a) ? SMALLEST : LARGEST) : c;
}
uint sub(uint a, uint b) {
  uint c = a - b;
  return negative((a ^ b) & (a ^ c)) ? (negative(a) ? SMALLEST : LARGEST) : c;
}

uint mulshr(uint a, uint b, uint s) {
  s = min(s, 62u);
  Wide whole = product(size(a), b);
  whole = down(plus(whole, down(up(wide(1u), s), 1u)), s);
  return signed_as((high(whole) | low(whole) >> 31) != 0u ? LARGEST : low(whole), a);
}
uint mulshr_signed(uint a, uint b, uint s) { return signed_as(mulshr(a, size(b), s), b); }

uint divfrac(uint a, uint b) {
  uint quotient = 0u;
  for (int i = 0; i < 32; i++) {
    bool carry = negative(a);
    a <<= 1;
    quotient <<= 1;
    if (carry || a >= b) { a -= b; quotient |= 1u; }
  }
  return quotient;
}

// divide returns the quotient of a number below 2^63 and one below 2^31.
Wide divide(Wide a, uint b) {
  Wide quotient = wide(0u);
  uint rest = 0u;
  for (int i = 63; i >= 0; i--) {
    rest = rest << 1 | (low(down(a, uint(i))) & 1u);
    if (rest >= b) { rest -= b; quotient = plus(quotient, up(wide(1u), uint(i))); }
  }
  return quotient;
}

uint root(Wide x) {
  uint r = 0u;
  for (uint b = SMALLEST; b > 0u; b >>= 1) {
    uint next = r | b;
    if (at_most(product(next, next), x)) r = next;
  }
  return r;
}

struct Scale { uint m; int e; };
const Scale ZERO = Scale(0u, 0);

Scale normal(uint m, uint e) {
  m &= LARGEST;
  if (m == 0u) return ZERO;
  int places = 31 - bits(m);
  return Scale(m << uint(places), clamp(int(e), -512, 512) + places);
}
Scale times(Scale s, Scale t) {
  if (s.m == 0u || t.m == 0u) return ZERO;
  Wide whole = product(s.m, t.m);
  uint places = (high(whole) >> 29) != 0u ? 31u : 30u;
  return Scale(low(down(whole, places)), s.e + t.e - int(places));
}
uint apply(Scale s, uint a, int f) {
  int shift = s.e - f;
  if (s.m == 0u || a == 0u || shift > 62) return 0u;
  if (shift < 0) return signed_as(LARGEST, a);
  return mulshr(a, s.m, uint(shift));
}
uint apply_wide(Scale s, Wide a, int f) {
  bool below = negative(high(a));
  if (below) a = minus(wide(0u), a);
  int places = max(bits64(a) - 31, 0);
  uint top = low(down(a, uint(places)));
  return apply(Scale(s.m, s.e - places), below ? 0u - top : top, f);
}
Scale ratio(uint a, uint b) {
  if (a == 0u || b == 0u) return ZERO;
  int bUp = 32 - bits(b), numberUp = 31 - bits(a);
  uint number = numberUp < 0 ? a >> 1 : a << uint(numberUp);
  uint q = divfrac(number, b << uint(bUp));
  int e = 32 + numberUp - bUp;
  if (negative(q)) { q >>= 1; e -= 1; }
  return Scale(q, e);
}
Scale inverse_root(Wide n, Wide x) {
  if (n == wide(0u) || x == wide(0u)) return ZERO;
  int nUp = (64 - bits64(n)) & ~1, xUp = (64 - bits64(x)) & ~1;
  Scale s = ratio(root(up(n, uint(nUp))), root(up(x, uint(xUp))));
  s.e += nUp / 2 - xUp / 2;
  return s;
}
Scale inverse(Wide n) {
  int places = max(bits64(n) - 32, 0);
  Scale s = ratio(1u, low(down(n, uint(places))));
  s.e += places;
  return s;
}

// line is on words, and b - a wraps. The product has 63 bits with its sign.
uint line(uint a, uint b, uint rest, uint step) {
  return a + low(down(times_wide(extend(b - a), wide(rest)), step));
}
