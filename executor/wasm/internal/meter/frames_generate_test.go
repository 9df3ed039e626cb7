package meter

import "math/rand/v2"

// crowder writes random functions with as many values as possible in their frames. Each
// function prefers a few of the ways in which an engine comes to need a place on the stack.
type crowder struct {
	*rand.Rand

	kind    funcType
	types   []funcType
	locals  string
	globals string
	weights []int
	labels  []crowdLabel
	budget  int
	out     []byte
}

// crowdLabel is an open block.
type crowdLabel struct {
	loop bool
	take string // the types that a branch to it carries
}

const (
	crowdGlobals = 24
	crowdBytes   = 1500
)

var crowdLoads = map[byte][]byte{
	typeI32: {0x28, 2, 0}, typeI64: {0x29, 3, 0}, typeF32: {0x2a, 2, 0}, typeF64: {0x2b, 3, 0}, typeV128: {opSIMD, 0, 4, 0},
}

var crowdStores = map[byte][]byte{
	typeI32: {0x36, 2, 0}, typeI64: {0x37, 3, 0}, typeF32: {0x38, 2, 0}, typeF64: {0x39, 3, 0}, typeV128: {opSIMD, simdStore, 4, 0},
}

// crowdSums are instructions that make one value out of two of its type, as bytes.
var crowdSums = map[byte][]byte{typeI32: {0x6a}, typeI64: {0x7c}, typeF32: {0x92}, typeF64: {0xa0}, typeV128: {opSIMD, 81}}

// crowded returns a module of a function for a seed, and of a function that exports it.
func crowded(seed uint64) []byte {
	g := &crowder{Rand: rand.New(rand.NewPCG(seed, 11))}
	sorts := []string{i32, i64, f64, v128, i32 + i64, f32 + v128, i32 + i64 + f32 + f64 + v128}
	kinds := func(n int, of string) string {
		out := make([]byte, n)
		for i := range out {
			out[i] = of[g.IntN(len(of))]
		}
		return string(out)
	}
	of := sorts[g.IntN(len(sorts))]
	many := []int{0, 1, 3, 10, 30}
	g.kind = funcType{params: kinds(many[g.IntN(len(many))], of), results: kinds(many[g.IntN(3)], of)}
	// The types of blocks: a few values that they carry.
	for range 6 {
		g.types = append(g.types, funcType{results: kinds(1+g.IntN(12), of)})
	}
	for range 3 {
		carried := kinds(1+g.IntN(6), of)
		g.types = append(g.types, funcType{params: carried, results: carried})
	}
	g.types = append(g.types, g.kind)
	g.globals = kinds(crowdGlobals, of)
	g.locals = g.kind.params + kinds([]int{1, 4, 9, 20, 60}[g.IntN(5)], of) + i32 + i32
	g.budget = crowdBytes << g.IntN(3)
	for range 18 {
		g.weights = append(g.weights, []int{0, 0, 0, 1, 4}[g.IntN(5)])
	}
	g.weights[0]++
	g.labels = []crowdLabel{{take: g.kind.results}}
	for len(g.out) < g.budget {
		g.statement(4)
	}
	if g.IntN(2) == 0 {
		for i := range g.locals {
			g.store(uint32(i))
		}
	}
	g.call()
	for i := range g.kind.results {
		g.value(g.kind.results[i])
	}
	return g.assemble()
}

func (g *crowder) emit(b ...byte)           { g.out = append(g.out, b...) }
func (g *crowder) op(op byte, index uint32) { g.out = appendU32(append(g.out, op), index) }

// local returns a local of a type, if there is one.
func (g *crowder) local(kind byte) (uint32, bool) {
	from := g.IntN(len(g.locals))
	for i := range g.locals {
		if at := (from + i) % len(g.locals); g.locals[at] == kind {
			return uint32(at), true
		}
	}
	return 0, false
}

func (g *crowder) any() (uint32, byte) {
	i := g.IntN(len(g.locals))
	return uint32(i), g.locals[i]
}

// address pushes a constant, or one of few locals.
func (g *crowder) address() {
	if i, found := g.local(typeI32); found && g.IntN(3) > 0 {
		g.op(opLocalGet, i)
		return
	}
	g.out = appendI32Const(g.out, int32(16*g.IntN(1000)))
}

func (g *crowder) load(kind byte) {
	g.address()
	g.emit(crowdLoads[kind]...)
}

// value pushes a value, often a new one.
func (g *crowder) value(kind byte) {
	if i, found := g.local(kind); found && g.IntN(2) == 0 {
		g.op(opLocalGet, i)
		return
	}
	g.load(kind)
}

func (g *crowder) store(local uint32) {
	g.address()
	g.op(opLocalGet, local)
	g.emit(crowdStores[g.locals[local]]...)
}

// keep takes values from the stack.
func (g *crowder) keep(kinds string) {
	for i := len(kinds) - 1; i >= 0; i-- {
		if local, found := g.local(kinds[i]); found && g.IntN(4) > 0 {
			g.op(opLocalSet, local)
		} else {
			g.emit(opDrop)
		}
	}
}

func (g *crowder) values(kinds string) {
	for i := range kinds {
		g.value(kinds[i])
	}
}

func (g *crowder) call() {
	g.values(g.kind.params)
	if g.IntN(4) == 0 {
		g.out = appendI32Const(g.out, 0)
		g.op(opCallIndirect, uint32(len(g.types)-1))
		g.emit(0)
	} else {
		g.op(opCall, 0)
	}
	g.keep(g.kind.results)
}

// inside writes statements.
func (g *crowder) inside(deep int) {
	for range 1 + g.IntN(4) {
		g.statement(deep - 1)
	}
}

// statement writes a statement of one of the ways, by their weights.
func (g *crowder) statement(deep int) {
	if len(g.out) > g.budget {
		return
	}
	sum := 0
	for _, w := range g.weights {
		sum += w
	}
	n, way := g.IntN(sum), 0
	for ; n >= g.weights[way]; way++ {
		n -= g.weights[way]
	}
	if way >= 12 && deep == 0 {
		way = g.IntN(3)
	}
	g.way(way, deep)
}

func (g *crowder) way(way, deep int) {
	local, kind := g.any()
	switch way {
	case 0:
		g.load(kind)
		g.op(opLocalSet, local)
	case 1:
		g.store(local)
	case 2:
		g.value(kind)
		g.value(kind)
		g.emit(crowdSums[kind]...)
		g.op(opLocalSet, local)
	case 3:
		g.call()
	case 4:
		at := g.IntN(crowdGlobals)
		g.op(opGlobalGet, uint32(at))
		g.keep(g.globals[at : at+1])
	case 5:
		at := g.IntN(crowdGlobals)
		g.value(g.globals[at])
		g.op(opGlobalSet, uint32(at))
	case 6:
		g.permute()
	case 7:
		g.registers()
	case 8:
		g.bulk()
	case 9: // all globals at once
		for i := range g.globals {
			g.op(opGlobalGet, uint32(i))
		}
		g.keep(g.globals)
	case 10: // one address, many times
		at, _ := g.local(typeI32)
		for range 2 + g.IntN(3) {
			g.op(opLocalGet, at)
			g.emit(crowdLoads[kind]...)
			g.emit(opDrop)
		}
	case 11:
		g.branch(opBrIf)
	default:
		g.nested(way, deep)
	}
}

// nested writes a statement with others inside.
func (g *crowder) nested(way, deep int) {
	kind := g.types[g.IntN(6)]
	switch way {
	case 12: // operands that wait
		kinds := g.types[g.IntN(6)].results
		g.values(kinds)
		g.inside(deep)
		g.keep(kinds)
	case 13:
		g.condition()
		g.open(opIf, funcType{}, deep)
		if g.IntN(2) == 0 {
			g.emit(opElse)
			g.inside(deep)
		}
		g.shut()
	case 14:
		g.open(opBlock, funcType{}, deep)
		g.branch(opBrIf)
		g.inside(deep)
		g.shut()
	case 15:
		g.open(opLoop, funcType{}, deep)
		for range 1 + g.IntN(6) {
			g.permute()
			g.branch(opBrIf)
			g.inside(deep - 1)
		}
		g.table(deep)
		g.shut()
	case 16: // values for the end of a block, and for the start of a loop
		if g.IntN(3) == 0 {
			kind = g.types[6+g.IntN(3)]
			g.values(kind.params)
			g.open(opLoop, kind, deep)
			g.branch(opBrIf)
		} else {
			g.open(opBlock, kind, deep)
		}
		g.keep(kind.params)
		g.branch(opBrIf)
		g.values(kind.results)
		g.shut()
		g.keep(kind.results)
	default: // a way out
		g.condition()
		g.emit(opIf, blockVoid)
		g.values(g.kind.results)
		g.emit(opReturn, opEnd)
	}
}

func (g *crowder) condition() {
	g.load(typeI32)
}

// open opens a block with statements inside.
func (g *crowder) open(op byte, kind funcType, deep int) {
	g.emit(op)
	if kind == (funcType{}) {
		g.emit(blockVoid)
	} else {
		for i, t := range g.types {
			if t == kind {
				g.out = appendSigned(g.out, int64(i))
				break
			}
		}
	}
	label := crowdLabel{loop: op == opLoop, take: kind.results}
	if label.loop {
		label.take = kind.params
	}
	g.labels = append(g.labels, label)
	if kind.params != "" {
		g.keep(kind.params)
		g.values(kind.params)
		return
	}
	g.inside(deep)
}

func (g *crowder) shut() {
	g.emit(opEnd)
	g.labels = g.labels[:len(g.labels)-1]
}

// branch leaves for any label, if a condition holds.
func (g *crowder) branch(op byte) {
	to := g.IntN(len(g.labels))
	take := g.labels[len(g.labels)-1-to].take
	g.values(take)
	g.condition()
	g.op(op, uint32(to))
	g.keep(take)
}

// table branches to labels that take nothing, most often to the start of a loop.
func (g *crowder) table(deep int) {
	if deep < 2 || g.IntN(2) == 0 {
		return
	}
	var to []uint32
	for i := range g.labels {
		if l := g.labels[len(g.labels)-1-i]; l.take == "" {
			to = append(to, uint32(i))
		}
	}
	g.condition()
	g.emit(opIf, blockVoid)
	g.condition()
	n := 1 + g.IntN(20)
	g.op(opBrTable, uint32(n))
	for range n + 1 {
		g.out = appendU32(g.out, 1+to[g.IntN(len(to))])
	}
	g.emit(opEnd)
}

// permute moves values between locals of a type.
func (g *crowder) permute() {
	_, kind := g.any()
	var of []uint32
	for i := range g.locals {
		if g.locals[i] == kind {
			of = append(of, uint32(i))
		}
	}
	n := 1 + g.IntN(len(of))
	for i := range n {
		g.op(opLocalGet, of[i])
	}
	g.Shuffle(n, func(i, j int) { of[i], of[j] = of[j], of[i] })
	for i := range n {
		g.op(opLocalSet, of[i])
	}
}

// registers writes an instruction that uses registers of its own.
func (g *crowder) registers() {
	instructions := []struct {
		kind  byte
		bytes []byte
	}{
		{typeI32, []byte{0x6e}},
		{typeI32, []byte{0x6f}},
		{typeI32, []byte{0x74}},
		{typeI32, []byte{0x77}},
		{typeI64, []byte{0x80}},
		{typeI64, []byte{0x81}},
		{typeI64, []byte{0x87}},
		{typeI64, []byte{0x8a}},
	}
	in := instructions[g.IntN(len(instructions))]
	g.value(in.kind)
	g.value(in.kind)
	g.emit(in.bytes...)
	g.keep(string([]byte{in.kind}))
	if strings := g.IntN(4); strings == 0 {
		if at, found := g.local(typeV128); found {
			g.op(opLocalGet, at)
			g.value(typeI32)
			g.out = append(appendU32(append(g.out, opSIMD), simdShrI64x2), opSIMD)
			g.out = appendU32(g.out, simdAbsI64x2)
			g.op(opLocalSet, at)
		}
	}
}

// bulk writes an instruction that an engine makes a call of.
func (g *crowder) bulk() {
	switch g.IntN(6) {
	case 0:
		g.values(i32 + i32 + i32)
		g.emit(opBulk, bulkMemoryCopy, 0, 0)
	case 1:
		g.values(i32 + i32 + i32)
		g.emit(opBulk, bulkMemoryFill, 0)
	case 2:
		g.value(typeI32)
		g.emit(opMemoryGrow, 0, opDrop)
	case 3:
		g.emit(opRefFunc, 0, opDrop)
	case 4:
		g.values(i32 + i32 + i32)
		g.emit(opBulk, bulkTableCopy, 0, 0)
	default:
		g.value(typeI32)
		g.emit(opTableGet, 0, opDrop)
	}
}

func (g *crowder) assemble() []byte {
	g.emit(opEnd)
	out := []byte("\x00asm\x01\x00\x00\x00")
	section := func(id byte, count int, content []byte) {
		content = append(appendU32(nil, uint32(count)), content...)
		out = append(appendU32(append(out, id), uint32(len(content))), content...)
	}
	var types, globals []byte
	for _, t := range append(g.types, funcType{}) {
		types = append(appendU32(append(types, 0x60), uint32(len(t.params))), t.params...)
		types = append(appendU32(types, uint32(len(t.results))), t.results...)
	}
	for i := range g.globals {
		globals = append(globals, g.globals[i], 1)
		switch g.globals[i] {
		case typeI32, typeI64:
			globals = append(globals, opI32Const+(typeI32-g.globals[i]), 0)
		case typeF32:
			globals = append(globals, opF32Const, 0, 0, 0, 0)
		case typeF64:
			globals = append(globals, opF64Const, 0, 0, 0, 0, 0, 0, 0, 0)
		default:
			globals = append(append(globals, opSIMD, simdConst), make([]byte, 16)...)
		}
		globals = append(globals, opEnd)
	}
	own := g.locals[len(g.kind.params):]
	body := appendU32(nil, uint32(len(own)))
	for i := range own {
		body = append(body, 1, own[i])
	}
	body = append(body, g.out...)
	section(sectionType, len(g.types)+1, types)
	section(sectionFunction, 2, []byte{byte(len(g.types) - 1), byte(len(g.types))})
	section(sectionTable, 1, []byte{typeFuncref, 0, 1})
	section(sectionMemory, 1, []byte{0, 1})
	section(sectionGlobal, len(g.globals), globals)
	section(sectionExport, 1, appendU32(append(appendName(nil, Entry), exportFunction), 1))
	section(sectionElement, 1, []byte{0, opI32Const, 0, opEnd, 1, 0})
	section(sectionCode, 2, append(append(appendU32(nil, uint32(len(body))), body...), 2, 0, opEnd))
	return out
}
