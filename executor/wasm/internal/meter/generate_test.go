package meter

import (
	"encoding/binary"
	"math/rand/v2"
)

// generator writes random valid modules. Their functions have random types and bodies, with
// all numeric and SIMD instructions.
type generator struct {
	*rand.Rand

	simd    bool
	types   []funcType
	locals  string
	globals string
	result  string
	self    int // the function that is being written
	depth   uint32
	counter uint32
	out     []byte
}

const generatedGlobals = 4

// generate returns a module for a seed. Its entry calls each function once, and stores the
// results.
func generate(seed uint64, simd bool) []byte {
	g := &generator{Rand: rand.New(rand.NewPCG(seed, 7)), simd: simd}
	count := 2 + g.IntN(5)
	for range count {
		t := funcType{params: g.kinds(g.IntN(4)), results: g.kinds(g.IntN(3))}
		g.types = append(g.types, t)
	}
	g.globals = g.kinds(generatedGlobals)
	var bodies [][]byte
	for i := range g.types {
		bodies = append(bodies, g.function(i))
	}
	bodies = append(bodies, g.start())
	return g.assemble(bodies)
}

func (g *generator) kind() byte {
	kinds := i32 + i64 + f32 + f64
	if g.simd {
		kinds += v128 + v128
	}
	return kinds[g.IntN(len(kinds))]
}

func (g *generator) kinds(n int) string {
	out := make([]byte, n)
	for i := range out {
		out[i] = g.kind()
	}
	return string(out)
}

func (g *generator) emit(b ...byte)           { g.out = append(g.out, b...) }
func (g *generator) op(op byte, index uint32) { g.out = appendU32(append(g.out, op), index) }

func (g *generator) function(i int) []byte {
	t := g.types[i]
	own := g.kinds(1+g.IntN(6)) + i32 // the last one counts turns
	g.locals, g.result, g.self, g.depth, g.out = t.params+own, t.results, i, 0, nil
	g.counter = uint32(len(g.locals) - 1)
	for range 1 + g.IntN(8) {
		g.statement(4)
	}
	for k := range t.results {
		g.value(t.results[k], 3)
	}
	g.emit(opEnd)
	body := appendU32(nil, uint32(len(own)))
	for k := range own {
		body = append(body, 1, own[k])
	}
	return append(body, g.out...)
}

func (g *generator) start() []byte {
	g.out, g.locals, g.self = nil, "", -1
	at := uint32(1024)
	for i, t := range g.types {
		for k := range t.params {
			g.constant(t.params[k])
		}
		g.op(opCall, uint32(i))
		// Results are stored from the last to the first, through globals of their type.
		for k := len(t.results) - 1; k >= 0; k-- {
			g.op(opGlobalSet, uint32(generatedGlobals+indexOf(t.results[k])))
			g.emit(opI32Const)
			g.out = appendSigned(g.out, int64(at))
			g.op(opGlobalGet, uint32(generatedGlobals+indexOf(t.results[k])))
			g.store(t.results[k])
			at += 16
		}
	}
	g.emit(opEnd)
	return append([]byte{0}, g.out...)
}

func indexOf(kind byte) int { return int(typeI32 - kind) }

func (g *generator) store(kind byte) {
	switch kind {
	case typeI32:
		g.emit(0x36, 0, 0)
	case typeI64:
		g.emit(0x37, 0, 0)
	case typeF32:
		g.emit(0x38, 0, 0)
	case typeF64:
		g.emit(0x39, 0, 0)
	default:
		g.emit(opSIMD, simdStore, 0, 0)
	}
}

// bits returns the bits of a number, often one of those for which arithmetic is most likely to
// be wrong.
func (g *generator) bits() uint64 {
	list := []uint64{
		0, 1, 2, 7, 31, 32, 63, 64, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0x7fffffff, 0x80000000, 0xffffffff, 1 << 63, 1<<63 - 1, 1<<64 - 1,
		0x7ff0000000000000, 0xfff0000000000000, 0x7ff8000000000000, 0x7ff8000000001111, 0xfff0000000000001, 0x3ff0000000000000, 0x7f8000007f800000,
		0xff8000013f800000, 0x7fc0000080000000, 0xffc12345ffc12345, 0x43e0000000000000, 0xc3e0000000000000, 0x4f0000005f000000,
	}
	if g.IntN(3) == 0 {
		return g.Uint64()
	}
	return list[g.IntN(len(list))] >> (32 * g.IntN(2))
}

func (g *generator) constant(kind byte) {
	switch kind {
	case typeI32:
		g.out = appendSigned(append(g.out, opI32Const), int64(int32(g.bits())))
	case typeI64:
		g.out = appendSigned(append(g.out, opI64Const), int64(g.bits()))
	case typeF32:
		g.out = binary.LittleEndian.AppendUint32(append(g.out, opF32Const), uint32(g.bits()))
	case typeF64:
		g.out = binary.LittleEndian.AppendUint64(append(g.out, opF64Const), g.bits())
	default:
		g.emit(opSIMD, simdConst)
		g.out = binary.LittleEndian.AppendUint64(g.out, g.bits())
		g.out = binary.LittleEndian.AppendUint64(g.out, g.bits())
	}
}

// address pushes an address inside of the memory, sometimes at its end.
func (g *generator) address(deep int) {
	if g.IntN(400) == 0 {
		g.value(typeI32, deep-1)
		return
	}
	g.value(typeI32, deep-1)
	g.out = appendSigned(append(g.out, opI32Const), 0xfff0>>(4*g.IntN(2)))
	g.emit(0x71) // and
}

func (g *generator) local(kind byte) (uint32, bool) {
	from := 0
	if len(g.locals) > 1 {
		from = g.IntN(len(g.locals))
	}
	for i := range g.locals {
		at := (from + i) % len(g.locals)
		if g.locals[at] == kind && uint32(at) != g.counter {
			return uint32(at), true
		}
	}
	return 0, false
}

// value pushes a value of a type.
func (g *generator) value(kind byte, deep int) {
	if deep <= 0 {
		if at, found := g.local(kind); found && g.IntN(3) > 0 {
			g.op(opLocalGet, at)
			return
		}
		g.constant(kind)
		return
	}
	switch g.IntN(12) {
	case 0:
		if at, found := g.local(kind); found {
			g.value(kind, deep-1)
			g.op(opLocalTee, at)
			return
		}
	case 1:
		for i := range g.globals {
			if g.globals[i] == kind {
				g.op(opGlobalGet, uint32(i))
				return
			}
		}
	case 2:
		g.value(kind, deep-1)
		g.value(kind, deep-1)
		g.value(typeI32, deep-1)
		g.emit(opSelect)
		return
	case 3:
		g.value(typeI32, deep-1)
		g.emit(opIf, kind)
		g.depth++
		g.value(kind, deep-1)
		g.emit(opElse)
		g.value(kind, deep-1)
		g.emit(opEnd)
		g.depth--
		return
	case 4:
		g.emit(opBlock, kind)
		g.depth++
		g.value(kind, deep-1)
		g.value(typeI32, deep-2)
		g.emit(opBrIf, 0)
		if g.IntN(2) == 0 {
			g.emit(opDrop)
			g.value(kind, deep-2)
		}
		g.emit(opEnd)
		g.depth--
		return
	}
	g.instruction(kind, deep)
}

// instruction pushes the result of a random instruction.
func (g *generator) instruction(kind byte, deep int) {
	for range 200 {
		if g.IntN(6) == 0 {
			op := byte(opI32Load + g.IntN(14))
			if kind == typeV128 {
				break
			}
			if value, width := access(op); value[0] == kind {
				g.address(deep)
				g.emit(op, byte(g.IntN(int(width)+1)))
				g.out = appendU32(g.out, uint32(g.IntN(20)))
				return
			}
			continue
		}
		if g.simd && (kind == typeV128 || g.IntN(4) == 0) {
			break
		}
		op := byte(0x45 + g.IntN(0xc5-0x45))
		if mayTrap(op) && g.IntN(30) > 0 {
			continue
		}
		if in, out, known := numeric(op); known && out[0] == kind {
			for i := range in {
				g.value(in[i], deep-1)
			}
			g.emit(op)
			return
		}
	}
	if g.simd {
		for range 2000 {
			sub := uint32(g.IntN(256))
			in, out, known := vector(sub)
			if !known || out == "" || out[0] != kind {
				continue
			}
			g.vector(sub, in, deep)
			return
		}
	}
	g.constant(kind)
}

// mayTrap reports whether an instruction is a division or conversion that may trap. Such
// instructions would end most modules early.
func mayTrap(op byte) bool {
	return op >= 0x6d && op <= 0x70 || op >= 0x7f && op <= 0x82 || op >= 0xa8 && op <= 0xab || op >= 0xae && op <= 0xb1
}

func (g *generator) vector(sub uint32, in string, deep int) {
	for i := range in {
		if i == 0 && (sub <= 10 || sub >= 84 && sub <= 93) {
			g.address(deep)
			continue
		}
		g.value(in[i], deep-1)
	}
	g.op(opSIMD, sub)
	switch {
	case sub == simdConst:
		g.out = binary.LittleEndian.AppendUint64(g.out, g.bits())
		g.out = binary.LittleEndian.AppendUint64(g.out, g.bits())
	case sub == simdShuffle:
		for range 16 {
			g.emit(byte(g.IntN(32)))
		}
	case sub <= 11, sub >= 84 && sub <= 93:
		g.emit(byte(g.IntN(int(vectorAccess(sub)) + 1)))
		g.out = appendU32(g.out, uint32(g.IntN(20)))
	}
	if most := lanes(sub); most > 0 {
		g.emit(byte(g.IntN(int(most))))
	}
}

func (g *generator) statement(deep int) {
	if deep <= 0 {
		return
	}
	switch g.IntN(11) {
	case 0, 1, 2:
		kind := g.kind()
		if at, found := g.local(kind); found {
			g.value(kind, deep)
			g.op(opLocalSet, at)
		}
	case 3:
		at := g.IntN(len(g.globals))
		g.value(g.globals[at], deep)
		g.op(opGlobalSet, uint32(at))
	case 4, 5:
		kind := g.kind()
		g.address(deep)
		g.value(kind, deep)
		g.store(kind)
	case 6:
		g.value(typeI32, deep)
		g.emit(opIf, blockVoid)
		g.inside(deep)
		if g.IntN(2) == 0 {
			g.emit(opElse)
			g.inside(deep)
		}
		g.emit(opEnd)
	case 7:
		g.loop(deep)
	case 8:
		g.emit(opBlock, blockVoid)
		g.inside(deep)
		g.leave(deep)
		g.inside(deep)
		g.emit(opEnd)
	case 9:
		g.call(deep)
	case 10:
		g.address(deep)
		g.value(typeI32, 1)
		g.out = appendSigned(append(g.out, opI32Const), int64(g.IntN(300)))
		g.emit(opBulk, bulkMemoryFill, 0)
	}
}

func (g *generator) inside(deep int) {
	g.depth++
	for range 1 + g.IntN(2) {
		g.statement(deep - 1)
	}
	g.depth--
}

// leave branches out of the open block, to one of the blocks around it.
func (g *generator) leave(deep int) {
	g.depth++
	defer func() { g.depth-- }()
	void := uint32(1) // a branch out of the function carries its results
	if g.result != "" {
		void = 0
	}
	target := uint32(g.IntN(int(g.depth + void)))
	switch g.IntN(4) {
	case 0:
		g.value(typeI32, deep-1)
		g.emit(opBrTable, 2)
		g.out = appendU32(appendU32(appendU32(g.out, 0), target), 0)
	case 1:
		g.op(opBr, target)
	case 2:
		for i := range g.result {
			g.value(g.result[i], 1)
		}
		g.emit(opReturn)
	default:
		g.value(typeI32, deep-1)
		g.op(opBrIf, target)
	}
}

func (g *generator) loop(deep int) {
	g.out = appendSigned(append(g.out, opI32Const), int64(1+g.IntN(6)))
	g.op(opLocalSet, g.counter)
	g.emit(opLoop, blockVoid)
	// This may emit only code that cannot change the counter, so it must not contain a loop
	// inside of a loop.
	g.depth++
	for range 1 + g.IntN(3) {
		kind := g.kind()
		g.address(deep - 1)
		g.value(kind, deep-1)
		g.store(kind)
		if at, found := g.local(kind); found {
			g.value(kind, deep-1)
			g.op(opLocalSet, at)
		}
	}
	g.depth--
	g.op(opLocalGet, g.counter)
	g.emit(opI32Const, 1, opI32Sub)
	g.op(opLocalTee, g.counter)
	g.emit(opBrIf, 0, opEnd)
}

// call calls a function that is defined later. Another test covers deeply nested calls.
func (g *generator) call(deep int) {
	if g.self < 0 || g.self+1 >= len(g.types) {
		return
	}
	to := g.self + 1 + g.IntN(len(g.types)-g.self-1)
	t := g.types[to]
	for i := range t.params {
		g.value(t.params[i], deep-1)
	}
	g.op(opCall, uint32(to))
	for range t.results {
		g.emit(opDrop)
	}
}

func (g *generator) assemble(bodies [][]byte) []byte {
	out := []byte("\x00asm\x01\x00\x00\x00")
	section := func(id byte, count int, items []byte) {
		payload := append(appendU32(nil, uint32(count)), items...)
		out = append(appendU32(append(out, id), uint32(len(payload))), payload...)
	}
	var types, functions, globals, code []byte
	for i, t := range append(g.types, funcType{}) {
		types = append(appendU32(append(types, formFunction), uint32(len(t.params))), t.params...)
		types = append(appendU32(types, uint32(len(t.results))), t.results...)
		functions = appendU32(functions, uint32(i))
	}
	for _, kind := range []byte(g.globals + i32 + i64 + f32 + f64 + v128) {
		g.out = nil
		g.constant(kind)
		globals = append(append(append(globals, kind, 1), g.out...), opEnd)
	}
	for _, body := range bodies {
		code = append(appendU32(code, uint32(len(body))), body...)
	}
	section(sectionType, len(bodies), types)
	section(sectionFunction, len(bodies), functions)
	section(sectionMemory, 1, []byte{1, 1, 1})
	section(sectionGlobal, generatedGlobals+5, globals)
	section(sectionExport, 2, appendU32(append(appendName(append(appendName(nil, ExportMemory), exportMemory, 0), Entry), exportFunction), uint32(len(g.types))))
	section(sectionCode, len(bodies), code)
	return out
}
