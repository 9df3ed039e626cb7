// Arithmetic of the profile tensor/1 on unsigned words, as in tensor/fixed. Numbers with a sign are
// words in two's complement.
#extension GL_ARB_gpu_shader_int64 : require

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
int bits64(uint64_t x) { uint high = uint(x >> 32); return high != 0u ? 32 + bits(high) : bits(uint(x)); }
uint64_t extend(uint x) { return uint64_t(x) | (negative(x) ? uint64_t(0xffffffffu) << 32 : uint64_t(0u)); }

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
  uint64_t product = uint64_t(size(a)) * uint64_t(b);
  product = (product + ((uint64_t(1u) << s) >> 1u)) >> s;
  return signed_as((product >> 31) != uint64_t(0u) ? LARGEST : uint(product), a);
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
uint64_t divide(uint64_t a, uint b) {
  uint64_t quotient = uint64_t(0u);
  uint rest = 0u;
  for (int i = 63; i >= 0; i--) {
    rest = rest << 1 | (uint(a >> uint(i)) & 1u);
    if (rest >= b) { rest -= b; quotient |= uint64_t(1u) << uint(i); }
  }
  return quotient;
}

uint root(uint64_t x) {
  uint r = 0u;
  for (uint b = SMALLEST; b > 0u; b >>= 1) {
    uint next = r | b;
    if (uint64_t(next) * uint64_t(next) <= x) r = next;
  }
  return r;
}

struct Scale { uint m; int e; };
const Scale ZERO = Scale(0u, 0);

Scale normal(uint m, uint e) {
  m &= LARGEST;
  if (m == 0u) return ZERO;
  int up = 31 - bits(m);
  return Scale(m << uint(up), clamp(int(e), -512, 512) + up);
}
Scale times(Scale s, Scale t) {
  if (s.m == 0u || t.m == 0u) return ZERO;
  uint64_t product = uint64_t(s.m) * uint64_t(t.m);
  uint down = (product >> 61) != uint64_t(0u) ? 31u : 30u;
  return Scale(uint(product >> down), s.e + t.e - int(down));
}
uint apply(Scale s, uint a, int f) {
  int shift = s.e - f;
  if (s.m == 0u || a == 0u || shift > 62) return 0u;
  if (shift < 0) return signed_as(LARGEST, a);
  return mulshr(a, s.m, uint(shift));
}
uint apply_wide(Scale s, uint64_t a, int f) {
  bool minus = (a >> 63) != uint64_t(0u);
  if (minus) a = uint64_t(0u) - a;
  int down = max(bits64(a) - 31, 0);
  uint top = uint(a >> uint(down));
  return apply(Scale(s.m, s.e - down), minus ? 0u - top : top, f);
}
Scale ratio(uint a, uint b) {
  if (a == 0u || b == 0u) return ZERO;
  int up = 32 - bits(b), numberUp = 31 - bits(a);
  uint number = numberUp < 0 ? a >> 1 : a << uint(numberUp);
  uint q = divfrac(number, b << uint(up));
  int e = 32 + numberUp - up;
  if (negative(q)) { q >>= 1; e -= 1; }
  return Scale(q, e);
}
Scale inverse_root(uint64_t n, uint64_t x) {
  if (n == uint64_t(0u) || x == uint64_t(0u)) return ZERO;
  int nUp = (64 - bits64(n)) & ~1, xUp = (64 - bits64(x)) & ~1;
  Scale s = ratio(root(n << uint(nUp)), root(x << uint(xUp)));
  s.e += nUp / 2 - xUp / 2;
  return s;
}
Scale inverse(uint64_t n) {
  int down = max(bits64(n) - 32, 0);
  Scale s = ratio(1u, uint(n >> uint(down)));
  s.e += down;
  return s;
}

// line is on words, and b - a wraps. The product has 63 bits with its sign.
uint line(uint a, uint b, uint rest, uint step) {
  return a + uint((extend(b - a) * uint64_t(rest)) >> step);
}
