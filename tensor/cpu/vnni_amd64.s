#include "textflag.h"

// Products of eight bits by VPDPBUSD of AVX-512 VNNI, which adds four products to 32 bits without
// saturation. One of its operands has no sign: weights get 128 more, and 128 times the sum of the row of
// A is subtracted in the end.

// SUM4 adds up the numbers of each of four registers and leaves the four sums in the first one. The
// arguments are the numbers of registers.
#define SUM4(z0, z1, z2, z3, y0, y1, y2, y3, x0, t0, t1, t2, t3, u0) \
	VEXTRACTI64X4 $1, z0, t0; \
	VEXTRACTI64X4 $1, z1, t1; \
	VEXTRACTI64X4 $1, z2, t2; \
	VEXTRACTI64X4 $1, z3, t3; \
	VPADDD t0, y0, y0; \
	VPADDD t1, y1, y1; \
	VPADDD t2, y2, y2; \
	VPADDD t3, y3, y3; \
	VPHADDD y1, y0, y0; \
	VPHADDD y3, y2, y2; \
	VPHADDD y2, y0, y0; \
	VEXTRACTI128 $1, y0, u0; \
	VPADDD u0, x0, x0

// func dotRowsVNNI(a, w *int8, stride, k, groups uintptr, out *int32)
// Sums of products of k elements, at least one, with groups of four rows of w.
TEXT ·dotRowsVNNI(SB), NOSPLIT, $0-48
	MOVQ a+0(FP), SI
	MOVQ w+8(FP), DI
	MOVQ stride+16(FP), R8
	MOVQ k+24(FP), BX
	MOVQ groups+32(FP), R12
	MOVQ out+40(FP), DX
	MOVL $0x80808080, AX
	VPBROADCASTD AX, Z15
	MOVQ BX, CX
	ANDQ $63, CX
	MOVQ $-1, AX
	BZHIQ CX, AX, R13
	KMOVQ R13, K1
	ANDQ $~63, BX

group:
	LEAQ (DI)(R8*1), R9
	LEAQ (R9)(R8*1), R10
	LEAQ (R10)(R8*1), R11
	LEAQ (R11)(R8*1), R14
	VPXORQ Z0, Z0, Z0
	VPXORQ Z1, Z1, Z1
	VPXORQ Z2, Z2, Z2
	VPXORQ Z3, Z3, Z3
	VPXORQ Z4, Z4, Z4
	XORQ CX, CX
	CMPQ CX, BX
	JAE  tail

loop:
	VMOVDQU64 (SI)(CX*1), Z8
	VPXORQ (DI)(CX*1), Z15, Z10
	VPXORQ (R9)(CX*1), Z15, Z11
	VPXORQ (R10)(CX*1), Z15, Z12
	VPXORQ (R11)(CX*1), Z15, Z13
	VPDPBUSD Z8, Z15, Z4
	VPDPBUSD Z8, Z10, Z0
	VPDPBUSD Z8, Z11, Z1
	VPDPBUSD Z8, Z12, Z2
	VPDPBUSD Z8, Z13, Z3
	ADDQ $64, CX
	CMPQ CX, BX
	JB   loop

tail:
	TESTQ R13, R13
	JZ    done
	VMOVDQU8.Z (SI)(CX*1), K1, Z8
	VMOVDQU8.Z (DI)(CX*1), K1, Z10
	VMOVDQU8.Z (R9)(CX*1), K1, Z11
	VMOVDQU8.Z (R10)(CX*1), K1, Z12
	VMOVDQU8.Z (R11)(CX*1), K1, Z13
	VPXORQ Z10, Z15, Z10
	VPXORQ Z11, Z15, Z11
	VPXORQ Z12, Z15, Z12
	VPXORQ Z13, Z15, Z13
	VPDPBUSD Z8, Z15, Z4
	VPDPBUSD Z8, Z10, Z0
	VPDPBUSD Z8, Z11, Z1
	VPDPBUSD Z8, Z12, Z2
	VPDPBUSD Z8, Z13, Z3

done:
	VPSUBD Z4, Z0, Z0
	VPSUBD Z4, Z1, Z1
	VPSUBD Z4, Z2, Z2
	VPSUBD Z4, Z3, Z3
	SUM4(Z0, Z1, Z2, Z3, Y0, Y1, Y2, Y3, X0, Y8, Y10, Y11, Y12, X8)
	VMOVDQU X0, (DX)
	ADDQ $16, DX
	MOVQ R14, DI
	DECQ R12
	JNZ  group
	VZEROUPPER
	RET

// func tileVNNI(a, w *int8, k uintptr, out *int32, n uintptr, less *int32)
// Products of four rows of a with four rows of w, all of k elements, which are written to four rows of
// out that are n elements apart. less has what is subtracted for each row of a.
TEXT ·tileVNNI(SB), NOSPLIT, $0-48
	MOVQ a+0(FP), SI
	MOVQ w+8(FP), DI
	MOVQ k+16(FP), BX
	MOVQ out+24(FP), DX
	MOVQ n+32(FP), R14
	MOVQ less+40(FP), R15
	LEAQ (SI)(BX*1), R8
	LEAQ (R8)(BX*1), R9
	LEAQ (R9)(BX*1), R10
	LEAQ (DI)(BX*1), R11
	LEAQ (R11)(BX*1), R12
	LEAQ (R12)(BX*1), R13
	MOVL $0x80808080, AX
	VPBROADCASTD AX, Z30
	VPXORQ Z0, Z0, Z0
	VPXORQ Z1, Z1, Z1
	VPXORQ Z2, Z2, Z2
	VPXORQ Z3, Z3, Z3
	VPXORQ Z4, Z4, Z4
	VPXORQ Z5, Z5, Z5
	VPXORQ Z6, Z6, Z6
	VPXORQ Z7, Z7, Z7
	VPXORQ Z8, Z8, Z8
	VPXORQ Z9, Z9, Z9
	VPXORQ Z10, Z10, Z10
	VPXORQ Z11, Z11, Z11
	VPXORQ Z12, Z12, Z12
	VPXORQ Z13, Z13, Z13
	VPXORQ Z14, Z14, Z14
	VPXORQ Z15, Z15, Z15
	XORQ CX, CX
	MOVQ BX, AX
	ANDQ $~63, BX
	JZ   tail

#define PRODUCTS \
	VPDPBUSD Z16, Z20, Z0; \
	VPDPBUSD Z16, Z21, Z1; \
	VPDPBUSD Z16, Z22, Z2; \
	VPDPBUSD Z16, Z23, Z3; \
	VPDPBUSD Z17, Z20, Z4; \
	VPDPBUSD Z17, Z21, Z5; \
	VPDPBUSD Z17, Z22, Z6; \
	VPDPBUSD Z17, Z23, Z7; \
	VPDPBUSD Z18, Z20, Z8; \
	VPDPBUSD Z18, Z21, Z9; \
	VPDPBUSD Z18, Z22, Z10; \
	VPDPBUSD Z18, Z23, Z11; \
	VPDPBUSD Z19, Z20, Z12; \
	VPDPBUSD Z19, Z21, Z13; \
	VPDPBUSD Z19, Z22, Z14; \
	VPDPBUSD Z19, Z23, Z15

loop:
	VMOVDQU64 (SI)(CX*1), Z16
	VMOVDQU64 (R8)(CX*1), Z17
	VMOVDQU64 (R9)(CX*1), Z18
	VMOVDQU64 (R10)(CX*1), Z19
	VPXORQ (DI)(CX*1), Z30, Z20
	VPXORQ (R11)(CX*1), Z30, Z21
	VPXORQ (R12)(CX*1), Z30, Z22
	VPXORQ (R13)(CX*1), Z30, Z23
	PRODUCTS
	ADDQ $64, CX
	CMPQ CX, BX
	JB   loop

tail:
	ANDQ $63, AX
	JZ   done
	MOVQ $-1, BX
	BZHIQ AX, BX, BX
	KMOVQ BX, K1
	VMOVDQU8.Z (SI)(CX*1), K1, Z16
	VMOVDQU8.Z (R8)(CX*1), K1, Z17
	VMOVDQU8.Z (R9)(CX*1), K1, Z18
	VMOVDQU8.Z (R10)(CX*1), K1, Z19
	VMOVDQU8.Z (DI)(CX*1), K1, Z20
	VMOVDQU8.Z (R11)(CX*1), K1, Z21
	VMOVDQU8.Z (R12)(CX*1), K1, Z22
	VMOVDQU8.Z (R13)(CX*1), K1, Z23
	VPXORQ Z20, Z30, Z20
	VPXORQ Z21, Z30, Z21
	VPXORQ Z22, Z30, Z22
	VPXORQ Z23, Z30, Z23
	PRODUCTS

done:
	SUM4(Z0, Z1, Z2, Z3, Y0, Y1, Y2, Y3, X0, Y16, Y17, Y18, Y19, X1)
	SUM4(Z4, Z5, Z6, Z7, Y4, Y5, Y6, Y7, X4, Y16, Y17, Y18, Y19, X5)
	SUM4(Z8, Z9, Z10, Z11, Y8, Y9, Y10, Y11, X8, Y16, Y17, Y18, Y19, X9)
	SUM4(Z12, Z13, Z14, Z15, Y12, Y13, Y14, Y15, X12, Y16, Y17, Y18, Y19, X13)
	VPBROADCASTD (R15), X1
	VPBROADCASTD 4(R15), X5
	VPBROADCASTD 8(R15), X9
	VPBROADCASTD 12(R15), X13
	VPSUBD X1, X0, X0
	VPSUBD X5, X4, X4
	VPSUBD X9, X8, X8
	VPSUBD X13, X12, X12
	VMOVDQU X0, (DX)
	VMOVDQU X4, (DX)(R14*4)
	LEAQ (DX)(R14*8), DX
	VMOVDQU X8, (DX)
	VMOVDQU X12, (DX)(R14*4)
	VZEROUPPER
	RET
