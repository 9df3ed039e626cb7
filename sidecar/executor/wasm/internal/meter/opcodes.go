package meter

// The opcodes that the rewriting looks at or writes.
const (
	opUnreachable  = 0x00
	opBlock        = 0x02
	opLoop         = 0x03
	opIf           = 0x04
	opElse         = 0x05
	opEnd          = 0x0b
	opBr           = 0x0c
	opBrIf         = 0x0d
	opBrTable      = 0x0e
	opCall         = 0x10
	opCallIndirect = 0x11
	opLocalGet     = 0x20
	opLocalTee     = 0x22
	opGlobalGet    = 0x23
	opGlobalSet    = 0x24
	opMemoryGrow   = 0x40
	opI32Const     = 0x41
	opI32Eq        = 0x46
	opI32LtS       = 0x48
	opI32Add       = 0x6a
	opI32Sub       = 0x6b
	opI32ShrU      = 0x76
	opBulk         = 0xfc
	opSIMD         = 0xfd

	blockVoid = 0x40

	bulkMemoryInit = 8
	bulkMemoryCopy = 10
	bulkMemoryFill = 11
	bulkTableInit  = 12
	bulkTableCopy  = 14
	bulkTableGrow  = 15
	bulkTableFill  = 17
)

// immediates passes over what follows the one-byte opcode op, and refuses every
// instruction that is not part of the profile. It returns the second opcode of
// the two prefixed groups.
func (r *reader) immediates(op byte) uint32 {
	switch {
	case op <= 0x01, op == 0x05, op == opEnd, op == 0x0f, op == 0x1a, op == 0x1b, op == 0xd1,
		op >= 0x45 && op <= 0xc4:
	case op >= opBlock && op <= opIf, op == 0xd0:
		r.skipLEB(5)
	case op == 0x0c, op == opBrIf, op == opCall, op >= opLocalGet && op <= 0x26, op == 0xd2:
		r.u32()
	case op == 0x0e:
		for n := r.u32(); n > 0 && r.err == nil; n-- {
			r.u32()
		}
		r.u32()
	case op == opCallIndirect:
		r.u32()
		r.u32()
	case op == 0x1c:
		r.bytes(r.u32())
	case op >= 0x28 && op <= 0x3e:
		r.memarg()
	case op == 0x3f, op == opMemoryGrow:
		r.u32()
	case op == opI32Const:
		r.skipLEB(5)
	case op == 0x42:
		r.skipLEB(10)
	case op == 0x43:
		r.bytes(4)
	case op == 0x44:
		r.bytes(8)
	case op == opBulk:
		return r.bulkImmediates()
	case op == opSIMD:
		return r.simdImmediates()
	default:
		r.fail("instruction 0x%02x is not part of the profile", op)
	}
	return 0
}

func (r *reader) memarg() {
	r.u32()
	r.u32()
}

func (r *reader) bulkImmediates() uint32 {
	sub := r.u32()
	switch {
	case sub <= 7:
	case sub == 9, sub == bulkMemoryFill, sub == 13, sub >= bulkTableGrow && sub <= bulkTableFill:
		r.u32()
	case sub == bulkMemoryInit, sub == bulkMemoryCopy, sub == bulkTableInit, sub == bulkTableCopy:
		r.u32()
		r.u32()
	default:
		r.fail("instruction 0xfc %d is not part of the profile", sub)
	}
	return sub
}

func (r *reader) simdImmediates() uint32 {
	sub := r.u32()
	switch {
	case sub <= 11, sub == 92, sub == 93:
		r.memarg()
	case sub == 12, sub == 13:
		r.bytes(16)
	case sub >= 21 && sub <= 34:
		r.byte()
	case sub >= 84 && sub <= 91:
		r.memarg()
		r.byte()
	case sub <= 255:
	default:
		r.fail("relaxed instruction 0xfd %d is not part of the profile", sub)
	}
	return sub
}
