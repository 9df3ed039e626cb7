#include "textflag.h"

// Kernels for rows of numbers by AVX-512. They do in lanes of 64 bits what the package fixed does.

// func applyAVX512(x *int32, scales *fixed.Scale, m, e int64, residual, out *int32, n uintptr)
// Scale.Times and Apply of n elements, a multiple of 8: m is M of the other factor, and e is its E less the
// fraction and 30. residual may be nil.
TEXT ·applyAVX512(SB), NOSPLIT, $0-56
	MOVQ x+0(FP), SI
	MOVQ scales+8(FP), DI
	VPBROADCASTQ m+16(FP), Z16
	VPBROADCASTQ e+24(FP), Z17
	MOVQ residual+32(FP), R8
	MOVQ out+40(FP), DX
	MOVQ n+48(FP), CX
	MOVQ $1, AX
	VPBROADCASTQ AX, Z19
	SHLQ $61, AX
	VPBROADCASTQ AX, Z18
	MOVQ $62, AX
	VPBROADCASTQ AX, Z20
	MOVQ $0x7fffffff, AX
	VPBROADCASTQ AX, Z21
	VPBROADCASTD AX, Y15
	VPXORQ Z22, Z22, Z22

loop:
	VMOVDQU64 (DI), Z0
	VPMULUDQ Z16, Z0, Z1
	VPCMPUQ $5, Z18, Z1, K1  // at least 2^61
	VPSRLQ $30, Z1, Z2
	VPSRLQ $31, Z1, K1, Z2   // M of the product
	VPSRAQ $32, Z0, Z3
	VPADDQ Z17, Z3, Z3
	VPSUBQ Z19, Z3, K1, Z3   // the shift
	VMOVDQU (SI), Y4
	VPABSD Y4, Y5
	VPMOVZXDQ Y5, Z5
	VPMULUDQ Z2, Z5, Z5
	VPSLLVQ Z3, Z19, Z6
	VPSRLQ $1, Z6, Z6        // half of the last place
	VPADDQ Z6, Z5, Z7
	VPSRLVQ Z3, Z7, Z7
	VPMINUQ Z21, Z7, Z7
	VPCMPQ $6, Z20, Z3, K2   // shifts above 62
	VPXORQ Z7, Z7, K2, Z7
	VPCMPQ $1, Z22, Z3, K3   // shifts below 0
	VPTESTMQ Z5, Z5, K3, K3
	VMOVDQA64 Z21, K3, Z7
	VPMOVQD Z7, Y7
	VPSRAD $31, Y4, Y4
	VPXOR Y4, Y7, Y7
	VPSUBD Y4, Y7, Y7
	TESTQ R8, R8
	JZ   store
	VMOVDQU (R8), Y8
	VPADDD Y8, Y7, Y9
	VPXOR Y9, Y7, Y10
	VPXOR Y9, Y8, Y11
	VPAND Y11, Y10, Y10      // both signs differ from that of the sum
	VPSRAD $31, Y10, Y10
	VPSRAD $31, Y7, Y11
	VPXOR Y15, Y11, Y11
	VPBLENDVB Y10, Y11, Y9, Y7
	ADDQ $32, R8

store:
	VMOVDQU Y7, (DX)
	ADDQ $32, SI
	ADDQ $64, DI
	ADDQ $32, DX
	SUBQ $8, CX
	JNZ  loop
	VZEROUPPER
	RET

// func largestAVX512(x *int32, n uintptr) uint32
// The largest magnitude of n elements, a multiple of 16.
TEXT ·largestAVX512(SB), NOSPLIT, $0-20
	MOVQ x+0(FP), SI
	MOVQ n+8(FP), CX
	VPXORQ Z0, Z0, Z0

loop:
	VPABSD (SI), Z1
	VPMAXUD Z1, Z0, Z0
	ADDQ $64, SI
	SUBQ $16, CX
	JNZ  loop
	VEXTRACTI64X4 $1, Z0, Y1
	VPMAXUD Y1, Y0, Y0
	VEXTRACTI128 $1, Y0, X1
	VPMAXUD X1, X0, X0
	VPSHUFD $0x4e, X0, X1
	VPMAXUD X1, X0, X0
	VPSHUFD $0xb1, X0, X1
	VPMAXUD X1, X0, X0
	VMOVD X0, AX
	MOVL AX, ret+16(FP)
	VZEROUPPER
	RET

// func highestAVX512(x *int32, n uintptr) int32
// The largest of n elements, a multiple of 16.
TEXT ·highestAVX512(SB), NOSPLIT, $0-20
	MOVQ x+0(FP), SI
	MOVQ n+8(FP), CX
	VMOVDQU64 (SI), Z0

loop:
	VPMAXSD (SI), Z0, Z0
	ADDQ $64, SI
	SUBQ $16, CX
	JNZ  loop
	VEXTRACTI64X4 $1, Z0, Y1
	VPMAXSD Y1, Y0, Y0
	VEXTRACTI128 $1, Y0, X1
	VPMAXSD X1, X0, X0
	VPSHUFD $0x4e, X0, X1
	VPMAXSD X1, X0, X0
	VPSHUFD $0xb1, X0, X1
	VPMAXSD X1, X0, X0
	VMOVD X0, AX
	MOVL AX, ret+16(FP)
	VZEROUPPER
	RET

// func leastAVX512(weights *int32, scales *fixed.Scale, n uintptr) int64
// The least E of those of n scales, a multiple of 8, that are not zero and whose weights are not zero, or
// 2^62 if there is none.
TEXT ·leastAVX512(SB), NOSPLIT, $0-32
	MOVQ weights+0(FP), SI
	MOVQ scales+8(FP), DI
	MOVQ n+16(FP), CX
	MOVQ $(1<<62), AX
	VPBROADCASTQ AX, Z0
	MOVL $-1, AX
	VPBROADCASTQ AX, Z16

loop:
	VMOVDQU64 (DI), Z1
	VPMOVZXDQ (SI), Z2
	VPTESTMQ Z2, Z2, K1
	VPTESTMQ Z16, Z1, K1, K1 // M
	VPSRAQ $32, Z1, Z1
	VPMINSQ Z1, Z0, K1, Z0
	ADDQ $32, SI
	ADDQ $64, DI
	SUBQ $8, CX
	JNZ  loop
	VEXTRACTI64X4 $1, Z0, Y1
	VPMINSQ Y1, Y0, Y0
	VEXTRACTI128 $1, Y0, X1
	VPMINSQ X1, X0, X0
	VPSHUFD $0x4e, X0, X1
	VPMINSQ X1, X0, X0
	VMOVQ X0, AX
	MOVQ AX, ret+24(FP)
	VZEROUPPER
	RET

// func quantAVX512(x *int32, out *int8, by, shift uint64, n uintptr)
// x·by / 2^shift of n elements, a multiple of 8, rounded half away from zero; the results have eight bits.
TEXT ·quantAVX512(SB), NOSPLIT, $0-40
	MOVQ x+0(FP), SI
	MOVQ out+8(FP), DX
	VPBROADCASTQ by+16(FP), Z16
	MOVQ shift+24(FP), CX
	VMOVQ CX, X10
	MOVQ $1, AX
	SHLQ CX, AX
	SHRQ $1, AX
	VPBROADCASTQ AX, Z17
	MOVQ n+32(FP), CX

loop:
	VMOVDQU (SI), Y4
	VPABSD Y4, Y5
	VPMOVZXDQ Y5, Z5
	VPMULUDQ Z16, Z5, Z5
	VPADDQ Z17, Z5, Z5
	VPSRLQ X10, Z5, Z5
	VPMOVQD Z5, Y5
	VPSRAD $31, Y4, Y4
	VPXOR Y4, Y5, Y5
	VPSUBD Y4, Y5, Y5
	VPMOVDB Y5, X5
	VMOVQ X5, (DX)
	ADDQ $32, SI
	ADDQ $8, DX
	SUBQ $8, CX
	JNZ  loop
	VZEROUPPER
	RET

// func squaresAVX512(x *int32, down uint64, n uintptr) uint64
// The sum of the squares of n elements, a multiple of 16, shifted down to at most 16 bits.
TEXT ·squaresAVX512(SB), NOSPLIT, $0-32
	MOVQ x+0(FP), SI
	MOVQ down+8(FP), AX
	VMOVQ AX, X10
	MOVQ n+16(FP), CX
	VPXORQ Z0, Z0, Z0
	VPXORQ Z1, Z1, Z1

loop:
	VMOVDQU64 (SI), Z2
	VPSRAD X10, Z2, Z2
	VPSRLQ $32, Z2, Z3
	VPMULDQ Z2, Z2, Z2
	VPMULDQ Z3, Z3, Z3
	VPADDQ Z2, Z0, Z0
	VPADDQ Z3, Z1, Z1
	ADDQ $64, SI
	SUBQ $16, CX
	JNZ  loop
	VPADDQ Z1, Z0, Z0
	VEXTRACTI64X4 $1, Z0, Y1
	VPADDQ Y1, Y0, Y0
	VEXTRACTI128 $1, Y0, X1
	VPADDQ X1, X0, X0
	VPSHUFD $0x4e, X0, X1
	VPADDQ X1, X0, X0
	VMOVQ X0, AX
	MOVQ AX, ret+24(FP)
	VZEROUPPER
	RET

// func sumAVX512(x *int32, n uintptr) int64
// The sum of n elements, a multiple of 16.
TEXT ·sumAVX512(SB), NOSPLIT, $0-24
	MOVQ x+0(FP), SI
	MOVQ n+8(FP), CX
	VPXORQ Z0, Z0, Z0
	VPXORQ Z1, Z1, Z1

loop:
	VPMOVSXDQ (SI), Z2
	VPMOVSXDQ 32(SI), Z3
	VPADDQ Z2, Z0, Z0
	VPADDQ Z3, Z1, Z1
	ADDQ $64, SI
	SUBQ $16, CX
	JNZ  loop
	VPADDQ Z1, Z0, Z0
	VEXTRACTI64X4 $1, Z0, Y1
	VPADDQ Y1, Y0, Y0
	VEXTRACTI128 $1, Y0, X1
	VPADDQ X1, X0, X0
	VPSHUFD $0x4e, X0, X1
	VPADDQ X1, X0, X0
	VMOVQ X0, AX
	MOVQ AX, ret+16(FP)
	VZEROUPPER
	RET

// func weighAVX512(x, out, table *int32, most int32, n uintptr) uint64
// 2^(x - most) of n scores, a multiple of 16, with 24 places after the point, and their sum.
TEXT ·weighAVX512(SB), NOSPLIT, $0-48
	MOVQ x+0(FP), SI
	MOVQ out+8(FP), DX
	MOVQ table+16(FP), DI
	MOVL most+24(FP), AX
	VPBROADCASTD AX, Z16
	MOVQ n+32(FP), CX
	MOVL $1023, AX
	VPBROADCASTD AX, Z17
	MOVL $63, AX
	VPBROADCASTD AX, Z18
	MOVL $30, AX
	VPBROADCASTD AX, Z19
	MOVL $32, AX
	VPBROADCASTD AX, Z20
	VPXORQ Z0, Z0, Z0

loop:
	VPSUBD (SI), Z16, Z1
	VPSRLD $16, Z1, Z2       // the shift
	VPSRLD $6, Z1, Z3
	VPANDD Z17, Z3, Z3       // the interval
	VPANDD Z18, Z1, Z1       // the rest
	KXNORW K0, K0, K1
	VPGATHERDD (DI)(Z3*4), K1, Z4
	KXNORW K0, K0, K2
	VPGATHERDD 4(DI)(Z3*4), K2, Z5
	VPSUBD Z4, Z5, Z5
	VPMULLD Z1, Z5, Z5       // the difference of neighbours has at most 20 bits
	VPSRAD $6, Z5, Z5
	VPADDD Z5, Z4, Z4
	VPSRLVD Z2, Z4, Z4
	VPADDD Z20, Z4, Z4
	VPSRLD $6, Z4, Z4
	VPCMPUD $6, Z19, Z2, K3  // shifts above 30
	VPXORD Z4, Z4, K3, Z4
	VMOVDQU32 Z4, (DX)
	VPMOVZXDQ Y4, Z5
	VEXTRACTI64X4 $1, Z4, Y4
	VPMOVZXDQ Y4, Z4
	VPADDQ Z5, Z0, Z0
	VPADDQ Z4, Z0, Z0
	ADDQ $64, SI
	ADDQ $64, DX
	SUBQ $16, CX
	JNZ  loop
	VEXTRACTI64X4 $1, Z0, Y1
	VPADDQ Y1, Y0, Y0
	VEXTRACTI128 $1, Y0, X1
	VPADDQ X1, X0, X0
	VPSHUFD $0x4e, X0, X1
	VPADDQ X1, X0, X0
	VMOVQ X0, AX
	MOVQ AX, ret+40(FP)
	VZEROUPPER
	RET

// SIGNED is MulShrSigned of the numbers in y0 and y1, whose result is in y0: z0 and z1 are their
// registers of 64 bits per number, and m0 and m1 are overwritten. half and shift are those of the shift.
#define SIGNED(y0, y1, z0, z1, m0, half, shift, most) \
	VPXOR y1, y0, m0; \
	VPSRAD $31, m0, m0; \
	VPABSD y0, y0; \
	VPABSD y1, y1; \
	VPMOVZXDQ y0, z0; \
	VPMOVZXDQ y1, z1; \
	VPMULUDQ z1, z0, z0; \
	VPADDQ half, z0, z0; \
	VPSRLQ shift, z0, z0; \
	VPMINUQ most, z0, z0; \
	VPMOVQD z0, y0; \
	VPXOR m0, y0, y0; \
	VPSUBD m0, y0, y0

// func gateAVX512(x, u, table, out *int32, low int64, step, intervals, shift uint64, n uintptr)
// Gate of n elements, a multiple of 8. u may be nil.
TEXT ·gateAVX512(SB), NOSPLIT, $0-72
	MOVQ x+0(FP), SI
	MOVQ u+8(FP), R8
	MOVQ table+16(FP), DI
	MOVQ out+24(FP), DX
	MOVQ low+32(FP), AX
	VPBROADCASTD AX, Y10
	MOVQ step+40(FP), CX
	VMOVQ CX, X11
	MOVQ $1, AX
	SHLQ CX, AX
	DECQ AX
	VPBROADCASTD AX, Y12     // the bits of the rest
	MOVQ intervals+48(FP), AX
	VPBROADCASTD AX, Y13
	MOVQ $1, AX
	VPBROADCASTD AX, Y14
	MOVQ $30, AX
	VMOVQ AX, X15
	MOVQ $0x20000000, AX
	VPBROADCASTQ AX, Z16     // half of 2^30
	MOVQ shift+56(FP), CX
	VMOVQ CX, X17
	MOVQ $1, AX
	SHLQ CX, AX
	SHRQ $1, AX
	VPBROADCASTQ AX, Z18     // half of 2^shift
	MOVQ $0x7fffffff, AX
	VPBROADCASTQ AX, Z19
	MOVQ n+64(FP), CX

loop:
	VMOVDQU (SI), Y0
	VPSUBD Y10, Y0, Y1
	VPSRLD X11, Y1, Y2       // the interval
	VPAND Y12, Y1, Y3        // the rest
	VPCMPUD $5, Y13, Y2, K1  // behind the table
	VMOVDQA32 Y13, K1, Y2
	VPXORD Y3, Y3, K1, Y3
	VPCMPGTD Y0, Y10, Y4     // before the table
	VPANDN Y2, Y4, Y2
	VPANDN Y3, Y4, Y3
	VPADDD Y14, Y2, Y5
	VPMINUD Y13, Y5, Y5
	KXNORW K0, K0, K1
	VPGATHERDD (DI)(Y2*4), K1, Y6
	KXNORW K0, K0, K2
	VPGATHERDD (DI)(Y5*4), K2, Y7
	VPSUBD Y6, Y7, Y7
	VPMOVSXDQ Y7, Z7
	VPMOVZXDQ Y3, Z3
	VPMULDQ Z3, Z7, Z7
	VPSRAQ X11, Z7, Z7
	VPMOVQD Z7, Y7
	VPADDD Y6, Y7, Y1
	SIGNED(Y0, Y1, Z0, Z1, Y2, Z16, X15, Z19)
	TESTQ R8, R8
	JZ   store
	VMOVDQU (R8), Y1
	SIGNED(Y0, Y1, Z0, Z1, Y2, Z18, X17, Z19)
	ADDQ $32, R8

store:
	VMOVDQU Y0, (DX)
	ADDQ $32, SI
	ADDQ $32, DX
	SUBQ $8, CX
	JNZ  loop
	VZEROUPPER
	RET

// func valuesAVX512(u *int32, v *int8, step, keys uintptr, sums *int64)
// Adds 64 columns of v, whose rows are `step` elements apart, by weight. At least one key.
TEXT ·valuesAVX512(SB), NOSPLIT, $0-40
	MOVQ u+0(FP), SI
	MOVQ v+8(FP), DI
	MOVQ step+16(FP), R8
	MOVQ keys+24(FP), CX
	MOVQ sums+32(FP), DX
	VPXORQ Z0, Z0, Z0
	VPXORQ Z1, Z1, Z1
	VPXORQ Z2, Z2, Z2
	VPXORQ Z3, Z3, Z3
	VPXORQ Z4, Z4, Z4
	VPXORQ Z5, Z5, Z5
	VPXORQ Z6, Z6, Z6
	VPXORQ Z7, Z7, Z7

loop:
	VPBROADCASTD (SI), Z8
	VPMOVSXBQ (DI), Z16
	VPMOVSXBQ 8(DI), Z17
	VPMOVSXBQ 16(DI), Z18
	VPMOVSXBQ 24(DI), Z19
	VPMOVSXBQ 32(DI), Z20
	VPMOVSXBQ 40(DI), Z21
	VPMOVSXBQ 48(DI), Z22
	VPMOVSXBQ 56(DI), Z23
	VPMULDQ Z8, Z16, Z16
	VPMULDQ Z8, Z17, Z17
	VPMULDQ Z8, Z18, Z18
	VPMULDQ Z8, Z19, Z19
	VPMULDQ Z8, Z20, Z20
	VPMULDQ Z8, Z21, Z21
	VPMULDQ Z8, Z22, Z22
	VPMULDQ Z8, Z23, Z23
	VPADDQ Z16, Z0, Z0
	VPADDQ Z17, Z1, Z1
	VPADDQ Z18, Z2, Z2
	VPADDQ Z19, Z3, Z3
	VPADDQ Z20, Z4, Z4
	VPADDQ Z21, Z5, Z5
	VPADDQ Z22, Z6, Z6
	VPADDQ Z23, Z7, Z7
	ADDQ $4, SI
	ADDQ R8, DI
	DECQ CX
	JNZ  loop
	VPADDQ (DX), Z0, Z0
	VPADDQ 64(DX), Z1, Z1
	VPADDQ 128(DX), Z2, Z2
	VPADDQ 192(DX), Z3, Z3
	VPADDQ 256(DX), Z4, Z4
	VPADDQ 320(DX), Z5, Z5
	VPADDQ 384(DX), Z6, Z6
	VPADDQ 448(DX), Z7, Z7
	VMOVDQU64 Z0, (DX)
	VMOVDQU64 Z1, 64(DX)
	VMOVDQU64 Z2, 128(DX)
	VMOVDQU64 Z3, 192(DX)
	VMOVDQU64 Z4, 256(DX)
	VMOVDQU64 Z5, 320(DX)
	VMOVDQU64 Z6, 384(DX)
	VMOVDQU64 Z7, 448(DX)
	VZEROUPPER
	RET

// func splitAVX512(u *int32, low, high *uint16, n uintptr)
// The lowest 15 bits of n weights, a multiple of 16, and what is above them.
TEXT ·splitAVX512(SB), NOSPLIT, $0-32
	MOVQ u+0(FP), SI
	MOVQ low+8(FP), DX
	MOVQ high+16(FP), DI
	MOVQ n+24(FP), CX
	MOVL $0x7fff, AX
	VPBROADCASTD AX, Z16

loop:
	VMOVDQU64 (SI), Z0
	VPANDD Z16, Z0, Z1
	VPSRAD $15, Z0, Z0
	VPMOVDW Z1, (DX)
	VPMOVDW Z0, (DI)
	ADDQ $64, SI
	ADDQ $32, DX
	ADDQ $32, DI
	SUBQ $16, CX
	JNZ  loop
	VZEROUPPER
	RET

// ADDSUMS adds four sums, from those of both parts of the weights, to memory.
#define ADDSUMS(low, high, lane, to) \
	VEXTRACTI32X4 $lane, low, X16; \
	VEXTRACTI32X4 $lane, high, X17; \
	VPMOVSXDQ X16, Y16; \
	VPMOVSXDQ X17, Y17; \
	VPSLLQ $15, Y17, Y17; \
	VPADDQ Y17, Y16, Y16; \
	VPADDQ to(DX), Y16, Y16; \
	VMOVDQU64 Y16, to(DX)

// func pairsVNNI(low, high *uint16, v *int8, step, pairs uintptr, sums *int64)
// Adds 64 columns of pairs of rows of v, at least one and at most 128, by weights of both parts. Two products
// of 16 bits are added to 32 bits at once.
TEXT ·pairsVNNI(SB), NOSPLIT, $0-48
	MOVQ low+0(FP), SI
	MOVQ high+8(FP), R9
	MOVQ v+16(FP), DI
	MOVQ step+24(FP), R8
	MOVQ pairs+32(FP), CX
	MOVQ sums+40(FP), DX
	VPXORQ Z0, Z0, Z0
	VPXORQ Z1, Z1, Z1
	VPXORQ Z2, Z2, Z2
	VPXORQ Z3, Z3, Z3
	VPXORQ Z4, Z4, Z4
	VPXORQ Z5, Z5, Z5
	VPXORQ Z6, Z6, Z6
	VPXORQ Z7, Z7, Z7

loop:
	VPMOVSXBW (DI), Z8
	VPMOVSXBW 32(DI), Z9
	VPMOVSXBW (DI)(R8*1), Z10
	VPMOVSXBW 32(DI)(R8*1), Z11
	VPUNPCKLWD Z10, Z8, Z12
	VPUNPCKHWD Z10, Z8, Z13
	VPUNPCKLWD Z11, Z9, Z14
	VPUNPCKHWD Z11, Z9, Z15
	VPBROADCASTD (SI), Z16
	VPBROADCASTD (R9), Z17
	VPDPWSSD Z16, Z12, Z0
	VPDPWSSD Z16, Z13, Z1
	VPDPWSSD Z16, Z14, Z2
	VPDPWSSD Z16, Z15, Z3
	VPDPWSSD Z17, Z12, Z4
	VPDPWSSD Z17, Z13, Z5
	VPDPWSSD Z17, Z14, Z6
	VPDPWSSD Z17, Z15, Z7
	ADDQ $4, SI
	ADDQ $4, R9
	LEAQ (DI)(R8*2), DI
	DECQ CX
	JNZ  loop
	ADDSUMS(Z0, Z4, 0, 0)
	ADDSUMS(Z1, Z5, 0, 32)
	ADDSUMS(Z0, Z4, 1, 64)
	ADDSUMS(Z1, Z5, 1, 96)
	ADDSUMS(Z0, Z4, 2, 128)
	ADDSUMS(Z1, Z5, 2, 160)
	ADDSUMS(Z0, Z4, 3, 192)
	ADDSUMS(Z1, Z5, 3, 224)
	ADDSUMS(Z2, Z6, 0, 256)
	ADDSUMS(Z3, Z7, 0, 288)
	ADDSUMS(Z2, Z6, 1, 320)
	ADDSUMS(Z3, Z7, 1, 352)
	ADDSUMS(Z2, Z6, 2, 384)
	ADDSUMS(Z3, Z7, 2, 416)
	ADDSUMS(Z2, Z6, 3, 448)
	ADDSUMS(Z3, Z7, 3, 480)
	VZEROUPPER
	RET

DATA mix<>+0(SB)/8, $0x9e3779b97f4a7c15
DATA mix<>+8(SB)/8, $0xbf58476d1ce4e5b9
DATA mix<>+16(SB)/8, $0x94d049bb133111eb
GLOBL mix<>(SB), RODATA|NOPTR, $24

DATA lanes<>+0(SB)/8, $0
DATA lanes<>+8(SB)/8, $1
DATA lanes<>+16(SB)/8, $2
DATA lanes<>+24(SB)/8, $3
DATA lanes<>+32(SB)/8, $4
DATA lanes<>+40(SB)/8, $5
DATA lanes<>+48(SB)/8, $6
DATA lanes<>+56(SB)/8, $7
GLOBL lanes<>(SB), RODATA|NOPTR, $64

// func checksumAVX512(key, first uint64, output *int32, n uintptr) uint64
// The sum of Mix64 of n elements, a multiple of 8.
TEXT ·checksumAVX512(SB), NOSPLIT, $0-40
	VPBROADCASTQ mix<>+0(SB), Z16
	VPBROADCASTQ mix<>+8(SB), Z17
	VPBROADCASTQ mix<>+16(SB), Z18
	VPBROADCASTQ key+0(FP), Z1
	VPBROADCASTQ first+8(FP), Z2
	VPADDQ lanes<>(SB), Z2, Z2
	VPMULLQ Z16, Z2, Z2
	VPADDQ Z2, Z1, Z1        // the key and the index of each lane
	VPSLLQ $3, Z16, Z16      // eight elements further
	MOVQ output+16(FP), SI
	MOVQ n+24(FP), CX
	VPXORQ Z0, Z0, Z0

loop:
	VPMOVZXDQ (SI), Z2
	VPSLLQ $32, Z2, Z3
	VPTERNLOGQ $0x96, Z1, Z3, Z2 // exclusive or of the three
	VPADDQ Z16, Z1, Z1
	VPSRLQ $30, Z2, Z3
	VPXORQ Z3, Z2, Z2
	VPMULLQ Z17, Z2, Z2
	VPSRLQ $27, Z2, Z3
	VPXORQ Z3, Z2, Z2
	VPMULLQ Z18, Z2, Z2
	VPSRLQ $31, Z2, Z3
	VPXORQ Z3, Z2, Z2
	VPADDQ Z2, Z0, Z0
	ADDQ $32, SI
	SUBQ $8, CX
	JNZ  loop
	VEXTRACTI64X4 $1, Z0, Y1
	VPADDQ Y1, Y0, Y0
	VEXTRACTI128 $1, Y0, X1
	VPADDQ X1, X0, X0
	VPSHUFD $0x4e, X0, X1
	VPADDQ X1, X0, X0
	VMOVQ X0, AX
	MOVQ AX, ret+32(FP)
	VZEROUPPER
	RET

// ADDED is y0 + y1 within 32 bits, in y0. max has the largest number of 32 bits; t0 and t1 are overwritten.
#define ADDED(y0, y1, t0, t1, max) \
	VPADDD y1, y0, t0; \
	VPXOR t0, y1, y1; \
	VPXOR t0, y0, t1; \
	VPAND t1, y1, y1; \
	VPSRAD $31, y1, y1; \
	VPSRAD $31, y0, y0; \
	VPXOR max, y0, y0; \
	VPBLENDVB y1, y0, t0, y0

// func ropeAVX512(x, cos, sin, out *int32, half uintptr)
// Rotates the pairs (i, i + half) of a head; half is a multiple of 8.
TEXT ·ropeAVX512(SB), NOSPLIT, $0-40
	MOVQ x+0(FP), SI
	MOVQ cos+8(FP), R8
	MOVQ sin+16(FP), R9
	MOVQ out+24(FP), DX
	MOVQ half+32(FP), CX
	LEAQ (SI)(CX*4), DI
	LEAQ (DX)(CX*4), R10
	MOVQ $30, AX
	VMOVQ AX, X15
	MOVQ $0x20000000, AX
	VPBROADCASTQ AX, Z16
	MOVQ $0x7fffffff, AX
	VPBROADCASTQ AX, Z19
	VPBROADCASTD AX, Y14
	VPXOR Y13, Y13, Y13

loop:
	VMOVDQU (SI), Y0
	VMOVDQU (DI), Y1
	VMOVDQU (R8), Y2
	VMOVDQU (R9), Y3
	VMOVDQA Y0, Y4
	VMOVDQA Y2, Y5
	SIGNED(Y4, Y5, Z4, Z5, Y6, Z16, X15, Z19)
	VMOVDQA Y1, Y7
	VMOVDQA Y3, Y5
	SIGNED(Y7, Y5, Z7, Z5, Y6, Z16, X15, Z19)
	VPSUBD Y7, Y13, Y7
	ADDED(Y4, Y7, Y5, Y6, Y14)
	SIGNED(Y1, Y2, Z1, Z2, Y6, Z16, X15, Z19)
	SIGNED(Y0, Y3, Z0, Z3, Y6, Z16, X15, Z19)
	ADDED(Y1, Y0, Y5, Y6, Y14)
	VMOVDQU Y4, (DX)
	VMOVDQU Y1, (R10)
	ADDQ $32, SI
	ADDQ $32, DI
	ADDQ $32, R8
	ADDQ $32, R9
	ADDQ $32, DX
	ADDQ $32, R10
	SUBQ $8, CX
	JNZ  loop
	VZEROUPPER
	RET
