// The processor in place of a device: a workgroup has 128 threads that take turns at barriers; see
// tensor/cuda/emulator. An access outside of an operand ends the process, because kernels rest on none.
#define SHARED static
#define UNROLL
#define ENTRY extern "C" void

struct Host {
  uint thread;
  uvec4 group;
};
extern Host host;
// host_barrier waits for the other threads of the workgroup; kind tells barriers apart.
extern "C" void host_barrier(int kind);
extern "C" void host_outside(const char *what, uint i, uint count);

#define gl_LocalInvocationID (uvec2{host.thread, 0u})
#define gl_WorkGroupID (host.group)
INLINE void barrier() { host_barrier(0); }
INLINE uint atomicAdd(uint &at, uint v) {
  uint old = at;
  at += v;
  return old;
}
INLINE uint read_word(const uint *words, uint count, uint i) {
  if (i >= count) host_outside("read", i, count);
  return words[i];
}
INLINE void write_word(uint *words, uint count, uint i, uint v) {
  if (i >= count) host_outside("written", i, count);
  words[i] = v;
}

// dp4a.s32.s32 of the PTX ISA.
INLINE uint dot_words(uint a, uint b, uint c) {
  for (int i = 0; i < 4; i++) c += uint(bitfieldExtract(int(a), 8 * i, 8) * bitfieldExtract(int(b), 8 * i, 8));
  return c;
}

// mma.sync of the PTX ISA, for all lanes of a warp at once: each lane writes down its fragments of A and B, and
// computes its sums from those of the others. The places of elements are those of the figures of the ISA, written
// out for single elements of eight bits and not for words.
struct Fragments { signed char a[16], b[8]; };
extern Fragments host_fragments[128];

template <int ROWS, int WORDS> INLINE void multiply_host(uint *sums, const uint *a, const uint *b) {
  const int depth = 16 * WORDS;
  Fragments &own = host_fragments[host.thread];
  for (int i = 0; i < 4 * ROWS * WORDS; i++) own.a[i] = (signed char)(a[i / 4] >> (8 * (i % 4)));
  for (int i = 0; i < 4 * WORDS; i++) own.b[i] = (signed char)(b[i / 4] >> (8 * (i % 4)));
  host_barrier(1);
  signed char A[16][32], B[32][8];
  for (int lane = 0; lane < 32; lane++) {
    const Fragments &f = host_fragments[host.thread / 32 * 32 + lane];
    int group = lane >> 2, within = lane % 4;
    for (int i = 0; i < 4 * ROWS * WORDS; i++) {
      // m8n8k16: row = group, col = within*4 + i. m16n8k32: row = group for i in 0..3 and 8..11, group + 8 else;
      // col = within*4 + (i & 3), and 16 more for i from 8 on.
      int row = ROWS == 1 || (i / 4) % 2 == 0 ? group : group + 8;
      int col = within * 4 + (i & 3) + (i >= 8 ? 16 : 0);
      A[row][col] = f.a[i];
    }
    for (int i = 0; i < 4 * WORDS; i++) B[within * 4 + (i & 3) + (i >= 4 ? 16 : 0)][group] = f.b[i];
  }
  int lane = host.thread % 32, group = lane >> 2, within = lane % 4;
  for (int i = 0; i < 2 * ROWS; i++) {
    int row = i < 2 ? group : group + 8, col = within * 2 + (i & 1);
    for (int k = 0; k < depth; k++) sums[i] += uint(A[row][k] * B[k][col]);
  }
  host_barrier(2);
}
INLINE void multiply_fragments(uint (&sums)[4], const uint (&a)[4], const uint (&b)[2]) { multiply_host<2, 2>(sums, a, b); }
INLINE void multiply_fragments(uint (&sums)[2], const uint (&a)[1], const uint (&b)[1]) { multiply_host<1, 1>(sums, a, b); }
