// What the kernels of tensor/vulkan/kernel need besides C++, on a device of CUDA or, with HOST, on the
// processor. translate.sh makes C++ of their sources.
#pragma once
typedef unsigned int uint;
typedef unsigned long uint64_t;

// Parameters: 24 of the kernel, eight that are not used, and for each binding the address and the words of
// its operand.
struct Parameters {
  uint p[32];
  uint *words[8];
  uint counts[8];
};

struct uvec2 {
  uint x, y;
  uvec2 &operator+=(uvec2 o) { x += o.x, y += o.y; return *this; }
};
struct uvec4 {
  uint x, y, z, w;
  uint operator[](uint i) const { return i == 0 ? x : i == 1 ? y : i == 2 ? z : w; }
};

#define INLINE inline __attribute__((always_inline))

INLINE uint min(uint a, uint b) { return a < b ? a : b; }
INLINE uint max(uint a, uint b) { return a > b ? a : b; }
INLINE int max(int a, int b) { return a > b ? a : b; }
INLINE int clamp(int v, int low, int high) { return v < low ? low : v > high ? high : v; }
INLINE int findMSB(uint v) { return v == 0u ? -1 : 31 - __builtin_clz(v); }
INLINE int bitfieldExtract(int v, int at, int bits) { return int(uint(v) << uint(32 - at - bits)) >> (32 - bits); }

#ifdef HOST
#include "host.h"
#else
#define SHARED [[clang::loader_uninitialized]] static __attribute__((address_space(3)))
#define UNROLL _Pragma("unroll")
#define ENTRY extern "C" __attribute__((nvptx_kernel)) void
typedef __attribute__((address_space(1))) uint Global;
// What lies outside of an operand reads as zero, and is not written.
INLINE uint read_word(const uint *words, uint count, uint i) { return i < count ? ((const Global *)words)[i] : 0u; }
INLINE void write_word(uint *words, uint count, uint i, uint v) {
  if (i < count) ((Global *)words)[i] = v;
}
#define gl_LocalInvocationID (uvec2{uint(__nvvm_read_ptx_sreg_tid_x()), 0u})
#define gl_WorkGroupID (uvec4{uint(__nvvm_read_ptx_sreg_ctaid_x()), uint(__nvvm_read_ptx_sreg_ctaid_y()), uint(__nvvm_read_ptx_sreg_ctaid_z()), 0u})
INLINE void barrier() { __syncthreads(); }
template <class T> INLINE uint atomicAdd(T &at, uint v) { return __nvvm_atom_add_gen_i((int *)&at, int(v)); }
#ifdef DOT
INLINE uint dot_words(uint a, uint b, uint c) {
  uint d;
  asm("dp4a.s32.s32 %0, %1, %2, %3;" : "=r"(d) : "r"(a), "r"(b), "r"(c));
  return d;
}
#endif
#ifdef MATRIX
#if ROW_PARTS == 2u
INLINE void multiply_fragments(uint (&sums)[4], const uint (&a)[4], const uint (&b)[2]) {
  asm volatile("mma.sync.aligned.m16n8k32.row.col.s32.s8.s8.s32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
      : "+r"(sums[0]), "+r"(sums[1]), "+r"(sums[2]), "+r"(sums[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}
#else
INLINE void multiply_fragments(uint (&sums)[2], const uint (&a)[1], const uint (&b)[1]) {
  asm volatile("mma.sync.aligned.m8n8k16.row.col.s32.s8.s8.s32 {%0, %1}, {%2}, {%3}, {%0, %1};"
      : "+r"(sums[0]), "+r"(sums[1]) : "r"(a[0]), "r"(b[0]));
}
#endif
#endif
#endif

#define WORDS(n, name) \
  uint name(uint i) { return read_word(given.words[n], given.counts[n], i); } \
  void set_##name(uint i, uint v) { write_word(given.words[n], given.counts[n], i, v); }
#define INPUT(n, name) WORDS(n, name)
#define OUTPUT(n, name) WORDS(n, name)
