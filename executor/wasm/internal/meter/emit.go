package meter

import "fmt"

// emitter writes the new body of a function.
type emitter struct {
	*rewriter
	*body

	out     []byte
	charges charges
	nans    map[int]byte
	units   int64 // units of the counted stack, or zero if the function does not count
	depth   uint32
	// traced is the number of bytes of out that belong to traces.
	traced int

	// The first five fields are the indices of the locals that are added, and added contains
	// the types of these locals.
	localStack, localFuel, localF32, localF64, localV128 uint32
	added                                                []byte
}

// function validates a function and returns its new body.
func (w *rewriter) function(kind funcType, raw []byte) ([]byte, error) {
	b, flow, err := w.read(kind, raw)
	if err != nil {
		return nil, err
	}
	locals := uint64(len(b.locals))
	if err := w.carry(flow.values(locals, w.mutable), locals); err != nil {
		return nil, err
	}
	e := &emitter{rewriter: w, body: b, charges: b.charges(), nans: b.nans()}
	if units := b.units(); b.calls || units > LeafUnits {
		e.units = min(units, StackUnits+1)
		e.charges.list[0].cost += FrameFuel
	}
	e.write()
	// The number of traces that are folded must not affect whether a program is valid.
	if size := len(e.out) - e.traced; size > MaxRewrittenBytes {
		return nil, fmt.Errorf("%w: %d bytes of code with what is added, at most %d are allowed; split the function", ErrUnsupported, size, MaxRewrittenBytes)
	}
	return e.out, nil
}

func (e *emitter) write() {
	e.addLocals()
	e.charge(e.charges.before(0))
	if e.units > 0 {
		e.enter()
	}
	for i := range e.code {
		if i > 0 {
			e.charge(e.charges.before(i))
		}
		e.instruction(&e.code[i])
		if kind, found := e.nans[i]; found {
			e.settle(kind)
		}
	}
	if e.units > 0 {
		e.leave()
	}
}

// local returns the next index for a local of a type.
func (e *emitter) local(kind byte) uint32 {
	e.added = append(e.added, kind)
	return uint32(len(e.locals) + len(e.added) - 1)
}

func (e *emitter) addLocals() {
	if e.units > 0 {
		e.localStack = e.local(typeI32)
	}
	if e.calls || e.loops {
		e.localFuel = e.local(typeI64)
	}
	has := map[byte]bool{}
	for _, kind := range e.nans {
		has[kind] = true
	}
	if has[typeF32] {
		e.localF32 = e.local(typeF32)
	}
	if has[typeF64] {
		e.localF64 = e.local(typeF64)
	}
	if has[lanesF32] || has[lanesF64] {
		e.localV128 = e.local(typeV128)
	}
	own := e.locals[len(e.kind.params):] + string(e.added)
	var groups []byte
	count := uint32(0)
	for from := 0; from < len(own); count++ {
		to := from
		for to < len(own) && own[to] == own[from] {
			to++
		}
		groups = append(appendU32(groups, uint32(to-from)), own[from])
		from = to
	}
	e.out = append(appendU32(make([]byte, 0, 2*len(e.raw)), count), groups...)
}

func (e *emitter) op(op byte, index uint32) { e.out = appendU32(append(e.out, op), index) }

// charge takes fuel. If the charge has a check, charge also folds the traces and, if too much
// was taken, fetches more fuel.
func (e *emitter) charge(c charge) {
	if c.cost != 0 {
		e.op(opGlobalGet, e.globalFuel)
		e.out = append(appendI64Const(e.out, c.cost), opI64Sub)
		if c.check {
			e.op(opLocalTee, e.localFuel)
		}
		e.op(opGlobalSet, e.globalFuel)
	}
	if !c.check {
		return
	}
	e.fold()
	if c.cost != 0 {
		e.op(opLocalGet, e.localFuel)
	} else {
		e.op(opGlobalGet, e.globalFuel)
	}
	e.out = append(e.out, opI64Const, 0, opI64LtS, opIf, blockVoid)
	e.op(opCall, e.funcRefill)
	e.out = append(e.out, opEnd)
}

// enter takes the function's units off the counted stack and opens a block around the body. If
// there are not enough units, it sets the overflow mark and traps.
func (e *emitter) enter() {
	e.op(opGlobalGet, e.globalStack)
	e.out = append(appendI32Const(e.out, int32(e.units)), opI32Sub)
	e.op(opLocalTee, e.localStack)
	e.out = append(e.out, opI32Const, 0, opI32LtS, opIf, blockVoid, opI32Const, 1)
	e.op(opGlobalSet, e.globalOverflow)
	e.out = append(e.out, opUnreachable, opEnd)
	e.op(opLocalGet, e.localStack)
	e.op(opGlobalSet, e.globalStack)
	e.out = append(append(e.out, opBlock), e.blockOf(e.kind.results)...)
}

// leave gives the units back.
func (e *emitter) leave() {
	e.op(opGlobalGet, e.globalStack)
	e.out = append(appendI32Const(e.out, int32(e.units)), opI32Add)
	e.op(opGlobalSet, e.globalStack)
	e.out = append(e.out, opEnd)
}

func (e *emitter) instruction(x *instruction) {
	switch x.op {
	case opBlock, opLoop, opIf:
		e.depth++
	case opEnd:
		e.depth--
	case opReturn:
		if e.units > 0 {
			e.op(opBr, e.depth)
			return
		}
	case opCall, opRefFunc:
		e.op(x.op, e.moved(x.index))
		return
	case opMemoryGrow:
		e.op(opCall, e.funcGrow)
		return
	case opBulk:
		// The count is on top of the stack, and the call does not remove it.
		switch x.sub {
		case bulkMemoryInit, bulkMemoryCopy, bulkMemoryFill:
			e.op(opCall, e.funcTurnMemory)
		case bulkTableInit, bulkTableCopy, bulkTableGrow, bulkTableFill:
			e.op(opCall, e.funcTurnTable)
		}
	}
	e.out = append(e.out, e.raw[x.at:x.end]...)
}

// settle makes a NaN on top of the stack canonical.
func (e *emitter) settle(kind byte) {
	switch kind {
	case typeF32:
		e.choose(kind, e.localF32, opF32Eq)
	case typeF64:
		e.choose(kind, e.localF64, opF64Eq)
	case lanesF32:
		e.choose(kind, e.localV128, simdEqF32x4)
	default:
		e.choose(kind, e.localV128, simdEqF64x2)
	}
}

// choose takes the value if it is equal to itself, and the canonical NaN otherwise.
func (e *emitter) choose(kind byte, local uint32, equal byte) {
	e.op(opLocalTee, local)
	e.out = appendCanonicalNaN(e.out, kind)
	e.op(opLocalGet, local)
	e.op(opLocalGet, local)
	if kind == typeF32 || kind == typeF64 {
		e.out = append(e.out, equal, opSelect)
	} else {
		e.out = append(e.out, opSIMD, equal, opSIMD, simdBitselect)
	}
}
