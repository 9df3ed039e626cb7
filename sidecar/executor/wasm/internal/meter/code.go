package meter

import "fmt"

// rewriteCode returns the new code section.
func (w *rewriter) rewriteCode() ([]byte, error) {
	r := &reader{b: w.sections[sectionCode]}
	if n := r.u32(); uint64(n) != uint64(len(w.functions)) {
		r.fail("%d bodies for %d functions", n, len(w.functions))
	}
	bodies := make([][]byte, 0, len(w.functions))
	for _, typeIndex := range w.functions {
		raw := r.bytes(r.u32())
		if r.err != nil {
			return nil, fmt.Errorf("code: %w", r.err)
		}
		body, err := w.rewriteFunction(typeIndex, raw)
		if err != nil {
			return nil, fmt.Errorf("function %d: %w", len(bodies), err)
		}
		bodies = append(bodies, body)
	}
	bodies = append(bodies, w.bodies...)
	section := appendU32(nil, uint32(len(bodies)))
	for _, body := range bodies {
		section = appendU32(section, uint32(len(body)))
		section = append(section, body...)
	}
	return section, nil
}

// rewriteFunction returns the body that takes the function's place. A function
// that calls others moves to the end of the module, and its place is taken by
// one that counts the stack around a call of it; so every call, table entry and
// export that names the function goes through the count, and neither early
// returns nor branches in the body need care. A function without calls cannot
// recurse and stays where it is.
func (w *rewriter) rewriteFunction(typeIndex uint32, raw []byte) ([]byte, error) {
	if len(raw) > MaxFunctionBytes {
		return nil, fmt.Errorf("%w: %d bytes of code, at most %d are allowed", ErrUnsupported, len(raw), MaxFunctionBytes)
	}
	t := w.types[typeIndex]
	body, locals, calls, err := w.meterBody(raw, t)
	if err != nil {
		return nil, err
	}
	if all := uint64(t.params) + uint64(t.results) + locals; all > MaxFunctionLocals {
		return nil, fmt.Errorf("%w: %d parameters, results and locals, at most %d are allowed", ErrUnsupported, all, MaxFunctionLocals)
	}
	if !calls {
		return body, nil
	}
	values := 2*(uint64(t.params)+uint64(t.results)+uint64(t.wide)) + locals
	cost := FrameUnits + int32(values)*ValueUnits + int32(len(raw))/CodeBytesPerUnit
	return w.countingBody(t, w.add(typeIndex, body), cost), nil
}

// meterBody copies a body and puts the burning loops before bulk instructions.
// It returns the number of locals, wide ones counted twice, and whether the
// function calls any other.
func (w *rewriter) meterBody(raw []byte, t funcType) (body []byte, locals uint64, calls bool, err error) {
	r := &reader{b: raw}
	for n := r.u32(); n > 0 && r.err == nil; n-- {
		count := uint64(r.u32())
		if r.valueType() == typeV128 {
			count *= 2
		}
		locals += count
	}
	body = make([]byte, 0, len(raw)+len(raw)/16)
	copied := 0
	flow := joins{carried: uint64(t.results)}
	for !r.done() {
		at := r.pos
		op := r.byte()
		sub := r.immediates(op)
		flow.add(op, raw[at+1:r.pos], w.types)
		switch op {
		case opCall, opCallIndirect:
			calls = true
		case opMemoryGrow:
			body = append(body, raw[copied:at]...)
			body = appendU32(append(body, opCall), w.funcGrow)
			copied = r.pos
		case opBulk:
			// The count is on top of the stack, and the loop leaves it there.
			if burn, long := w.burnFor(sub); long {
				body = append(body, raw[copied:at]...)
				body = appendU32(append(body, opCall), burn)
				copied = at
			}
		}
	}
	if r.err != nil {
		return nil, 0, false, r.err
	}
	if err := w.carry(flow.values(uint64(t.params) + locals)); err != nil {
		return nil, 0, false, err
	}
	return append(body, raw[copied:]...), locals, calls, nil
}

// burnFor returns the function that charges for a bulk instruction.
func (w *rewriter) burnFor(sub uint32) (uint32, bool) {
	switch sub {
	case bulkMemoryInit, bulkMemoryCopy, bulkMemoryFill:
		return w.funcBurnMemory, true
	case bulkTableInit, bulkTableCopy, bulkTableGrow, bulkTableFill:
		return w.funcBurnElement, true
	default:
		return 0, false
	}
}

// countingBody takes units off the counted stack, calls inner with the same
// parameters and gives them back. Without enough units it sets the overflow
// mark and traps.
func (w *rewriter) countingBody(t funcType, inner uint32, cost int32) []byte {
	stack := func(b []byte, op byte) []byte { return appendU32(append(b, op), w.globalStack) }
	b := []byte{0}
	b = stack(b, opGlobalGet)
	b = appendS32(append(b, opI32Const), cost)
	b = append(b, opI32LtS, opIf, blockVoid, opI32Const, 1)
	b = appendU32(append(b, opGlobalSet), w.globalOverflow)
	b = append(b, opUnreachable, opEnd)
	b = stack(b, opGlobalGet)
	b = appendS32(append(b, opI32Const), cost)
	b = stack(append(b, opI32Sub), opGlobalSet)
	for i := range t.params {
		b = appendU32(append(b, opLocalGet), i)
	}
	b = appendU32(append(b, opCall), inner)
	b = stack(b, opGlobalGet)
	b = appendS32(append(b, opI32Const), cost)
	b = stack(append(b, opI32Add), opGlobalSet)
	return append(b, opEnd)
}

// growBody is memory.grow that marks its failure and traps, because whether a
// program looks at the answer must not decide how the task ends.
func (w *rewriter) growBody() []byte {
	if !w.hasMemory {
		return []byte{0, opI32Const, 0x7f, opEnd}
	}
	b := []byte{1, 1, typeI32}
	b = append(b, opLocalGet, 0, opMemoryGrow, 0, opLocalTee, 1, opI32Const, 0x7f, opI32Eq, opIf, blockVoid)
	b = appendU32(append(b, opLocalGet, 0, opGlobalSet), w.globalWanted)
	b = appendU32(append(b, opI32Const, 1, opGlobalSet), w.globalOOM)
	return append(b, opUnreachable, opEnd, opLocalGet, 1, opEnd)
}

// burnBody turns once for every 2^shift items and returns the count unchanged:
// the turns use up fuel as the instruction that follows uses up time.
func burnBody(shift byte) []byte {
	return []byte{
		1, 1, typeI32,
		opLocalGet, 0, opI32Const, shift, opI32ShrU, opLocalTee, 1,
		opIf, blockVoid,
		opLoop, blockVoid,
		opLocalGet, 1, opI32Const, 1, opI32Sub, opLocalTee, 1, opBrIf, 0,
		opEnd, opEnd,
		opLocalGet, 0, opEnd,
	}
}
