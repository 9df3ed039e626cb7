package meter

// These are the value types of the binary format.
const (
	typeI32       = 0x7f
	typeI64       = 0x7e
	typeF32       = 0x7d
	typeF64       = 0x7c
	typeV128      = 0x7b
	typeFuncref   = 0x70
	typeExternref = 0x6f
	// typeAny is the type of a value in unreachable code, which may have any type.
	typeAny = 0x00
)

// These are lists of one value type each, which form the parts of signatures.
const (
	i32  = "\x7f"
	i64  = "\x7e"
	f32  = "\x7d"
	f64  = "\x7c"
	v128 = "\x7b"
)

// These are the opcodes that the package reads or writes.
const (
	opUnreachable       = 0x00
	opNop               = 0x01
	opBlock             = 0x02
	opLoop              = 0x03
	opIf                = 0x04
	opElse              = 0x05
	opEnd               = 0x0b
	opBr                = 0x0c
	opBrIf              = 0x0d
	opBrTable           = 0x0e
	opReturn            = 0x0f
	opCall              = 0x10
	opCallIndirect      = 0x11
	opDrop              = 0x1a
	opSelect            = 0x1b
	opSelectTyped       = 0x1c
	opLocalGet          = 0x20
	opLocalSet          = 0x21
	opLocalTee          = 0x22
	opGlobalGet         = 0x23
	opGlobalSet         = 0x24
	opTableGet          = 0x25
	opTableSet          = 0x26
	opI32Load           = 0x28
	opF32Load           = 0x2a
	opF64Load           = 0x2b
	opI64Load32U        = 0x35
	opI32Store          = 0x36
	opI64Store32        = 0x3e
	opMemorySize        = 0x3f
	opMemoryGrow        = 0x40
	opI32Const          = 0x41
	opI64Const          = 0x42
	opF32Const          = 0x43
	opF64Const          = 0x44
	opI32Eq             = 0x46
	opI32LtS            = 0x48
	opI64LtS            = 0x53
	opF32Eq             = 0x5b
	opF64Eq             = 0x61
	opI32Add            = 0x6a
	opI32Sub            = 0x6b
	opI32DivS           = 0x6d
	opI32RemU           = 0x70
	opI32Shl            = 0x74
	opI32ShrU           = 0x76
	opI32Rotr           = 0x78
	opI64Add            = 0x7c
	opI64Sub            = 0x7d
	opI64Mul            = 0x7e
	opI64DivS           = 0x7f
	opI64RemU           = 0x82
	opI64Xor            = 0x85
	opI64Shl            = 0x86
	opI64Rotl           = 0x89
	opI64Rotr           = 0x8a
	opI64ExtendU        = 0xad
	opI32ReinterpretF32 = 0xbc
	opI64ReinterpretF64 = 0xbd
	opRefNull           = 0xd0
	opRefIsNull         = 0xd1
	opRefFunc           = 0xd2
	opBulk              = 0xfc
	opSIMD              = 0xfd

	blockVoid = 0x40

	bulkMemoryInit = 8
	bulkDataDrop   = 9
	bulkMemoryCopy = 10
	bulkMemoryFill = 11
	bulkTableInit  = 12
	bulkElemDrop   = 13
	bulkTableCopy  = 14
	bulkTableGrow  = 15
	bulkTableSize  = 16
	bulkTableFill  = 17

	simdLoad       = 0
	simdStore      = 11
	simdConst      = 12
	simdShuffle    = 13
	simdEqF32x4    = 65
	simdEqF64x2    = 71
	simdExtractI64 = 29
	simdBitselect  = 82
	simdLoadLane   = 84
	simdStoreLane  = 88
	simdLoadZero   = 92
	simdAbsI64x2   = 192
	simdShrI64x2   = 204
)

// numeric returns the operands and the result of an instruction that has neither immediates
// nor any other effect.
func numeric(op byte) (in, out string, known bool) {
	switch {
	case op == 0x45, op >= 0x67 && op <= 0x69, op == 0xc0, op == 0xc1:
		return i32, i32, true
	case op >= 0x46 && op <= 0x4f, op >= 0x6a && op <= 0x78:
		return i32 + i32, i32, true
	case op == 0x50, op == 0xa7:
		return i64, i32, true
	case op >= 0x51 && op <= 0x5a:
		return i64 + i64, i32, true
	case op >= 0x5b && op <= 0x60:
		return f32 + f32, i32, true
	case op >= 0x61 && op <= 0x66:
		return f64 + f64, i32, true
	case op >= 0x79 && op <= 0x7b, op >= 0xc2 && op <= 0xc4:
		return i64, i64, true
	case op >= 0x7c && op <= 0x8a:
		return i64 + i64, i64, true
	case op >= 0x8b && op <= 0x91:
		return f32, f32, true
	case op >= 0x92 && op <= 0x98:
		return f32 + f32, f32, true
	case op >= 0x99 && op <= 0x9f:
		return f64, f64, true
	case op >= 0xa0 && op <= 0xa6:
		return f64 + f64, f64, true
	default:
		return conversion(op)
	}
}

func conversion(op byte) (in, out string, known bool) {
	switch op {
	case 0xa8, 0xa9, 0xbc:
		return f32, i32, true
	case 0xaa, 0xab:
		return f64, i32, true
	case 0xac, 0xad:
		return i32, i64, true
	case 0xae, 0xaf:
		return f32, i64, true
	case 0xb0, 0xb1, 0xbd:
		return f64, i64, true
	case 0xb2, 0xb3, 0xbe:
		return i32, f32, true
	case 0xb4, 0xb5:
		return i64, f32, true
	case 0xb6:
		return f64, f32, true
	case 0xb7, 0xb8:
		return i32, f64, true
	case 0xb9, 0xba, 0xbf:
		return i64, f64, true
	case 0xbb:
		return f32, f64, true
	default:
		return "", "", false
	}
}

// saturating returns the operand and the result of one of the eight saturating conversions.
func saturating(sub uint32) (in, out string) {
	in, out = f32, i32
	if sub&2 != 0 {
		in = f64
	}
	if sub&4 != 0 {
		out = i64
	}
	return in, out
}

// access returns the type of the value that a scalar load or store moves, and the logarithm of
// its width.
func access(op byte) (value string, width uint32) {
	switch op {
	case 0x28, 0x36:
		return i32, 2
	case 0x29, 0x37:
		return i64, 3
	case 0x2a, 0x38:
		return f32, 2
	case 0x2b, 0x39:
		return f64, 3
	case 0x2c, 0x2d, 0x3a:
		return i32, 0
	case 0x2e, 0x2f, 0x3b:
		return i32, 1
	case 0x30, 0x31, 0x3c:
		return i64, 0
	case 0x32, 0x33, 0x3d:
		return i64, 1
	default: // 0x34, 0x35, 0x3e
		return i64, 2
	}
}

// vectorAccess returns the logarithm of the width of a vector load or store.
func vectorAccess(sub uint32) uint32 {
	switch {
	case sub == simdLoad, sub == simdStore:
		return 4
	case sub <= 6:
		return 3
	case sub <= 10:
		return sub - 7
	case sub >= simdLoadZero:
		return sub - 90
	default: // lanes
		return sub & 3
	}
}

// lanes returns the number of lanes from which an instruction may choose, or zero if it does
// not name a lane.
func lanes(sub uint32) byte {
	switch {
	case sub >= 21 && sub <= 23:
		return 16
	case sub >= 24 && sub <= 26:
		return 8
	case sub == 27, sub == 28, sub == 31, sub == 32:
		return 4
	case sub == 29, sub == 30, sub == 33, sub == 34:
		return 2
	case sub >= simdLoadLane && sub < simdLoadZero:
		return 16 >> (sub & 3)
	default:
		return 0
	}
}

// vector returns the operands and the result of a SIMD instruction.
func vector(sub uint32) (in, out string, known bool) {
	switch {
	case sub <= 10, sub == 92, sub == 93:
		return i32, v128, true
	case sub == simdStore:
		return i32 + v128, "", true
	case sub == simdConst:
		return "", v128, true
	case sub >= 84 && sub <= 87:
		return i32 + v128, v128, true
	case sub >= 88 && sub <= 91:
		return i32 + v128, "", true
	case sub >= 15 && sub <= 34:
		return laneSignature(sub)
	case sub == simdBitselect:
		return v128 + v128 + v128, v128, true
	case sub == 83, sub == 99, sub == 100, sub == 131, sub == 132, sub == 163, sub == 164, sub == 195, sub == 196:
		return v128, i32, true
	case sub >= 107 && sub <= 109, sub >= 139 && sub <= 141, sub >= 171 && sub <= 173, sub >= 203 && sub <= 205:
		return v128 + i32, v128, true
	case vectorUnary(sub):
		return v128, v128, true
	case sub > 255, sub == 154, sub == 162, sub == 165, sub == 166, sub == 175, sub == 176, sub >= 178 && sub <= 180,
		sub == 187, sub == 194, sub == 197, sub == 198, sub == 207, sub == 208, sub >= 210 && sub <= 212, sub == 226, sub == 238:
		return "", "", false
	default:
		return v128 + v128, v128, true
	}
}

func laneSignature(sub uint32) (in, out string, known bool) {
	lane := func(at uint32) string {
		return [...]string{i32, i32, i32, i64, f32, f64}[at]
	}
	switch {
	case sub <= 20: // splat
		return lane(sub - 15), v128, true
	case sub == 23, sub == 26:
		return v128 + i32, v128, true
	case sub <= 25:
		return v128, i32, true
	case sub&1 == 0: // replace
		return v128 + lane((sub-28)/2+2), v128, true
	default:
		return v128, lane((sub-27)/2 + 2), true
	}
}

func vectorUnary(sub uint32) bool {
	switch sub {
	case 77, 94, 95, 96, 97, 98, 103, 104, 105, 106, 116, 117, 122, 124, 125, 126, 127, 128, 129, 135, 136, 137, 138, 148,
		160, 161, 167, 168, 169, 170, 192, 193, 199, 200, 201, 202, 224, 225, 227, 236, 237, 239:
		return true
	default:
		return sub >= 248 && sub <= 255
	}
}
