package bench

import (
	"encoding/binary"

	"github.com/thetaedge/theta/executor/tensors"
	"github.com/thetaedge/theta/tensor"
	"github.com/thetaedge/theta/tensor/tensortest"
)

// The inputs of the program that replays operations: a plan, and the bytes of the tensors.
const (
	planName, dataName = "plan", "data"
	// planBytes bounds the size of a plan.
	planBytes = 1 << 20
	// headerBytes and tensorBytes are the sizes of the parts of a plan: numbers of 8 bytes each.
	headerBytes, tensorBytes = 40, 32
)

// plan returns what the program reads: the number of tensors, the number of records and their
// place in the plan, how often they are submitted, and whether the first tensor is read each time;
// then the type, the number of elements, and the place of the bytes of each tensor; then the
// records.
func plan(load *tensortest.Load, turns uint64) []byte {
	reads := uint64(0)
	if load.Reads {
		reads = 1
	}
	records, at := uint64(headerBytes), uint64(0)
	var held []uint64
	for _, t := range load.Tensors {
		held = append(held, uint64(t.Shape.Type), t.Shape.Count, at, uint64(len(t.Bytes)))
		at += uint64(len(t.Bytes))
		records += tensorBytes
	}
	words := append([]uint64{uint64(len(load.Tensors)), uint64(len(load.Ops)), records, turns, reads}, held...)
	var p []byte
	for _, word := range words {
		p = binary.LittleEndian.AppendUint64(p, word)
	}
	return append(p, tensor.Encode(load.Ops...)...)
}

// Functions of the module of tensors, after those of WASI.
const (
	callAlloc = imported + iota
	callLoad
	callSubmit
	callReadTensor
)

// replay returns the program of tensor/1 that does what a plan says.
func replay() []byte {
	const base, pages = tables, 2 + planBytes>>16
	word := func(at int64) string { return number(base+at) + load32 }
	field := func(at byte) string { return get(localPointer) + "\x29\x03" + string([]byte{at}) } // i64.load
	const names, vector, got, opened = 64, 16, 24, 40
	// open opens the input of one letter and keeps its descriptor in a local.
	open := func(name string, local byte) string {
		stored := ""
		for i, letter := range []byte(name) {
			stored += number(int64(names+i)) + number(int64(letter)) + "\x3a\x00\x00" // i32.store8
		}
		return stored + number(3) + number(0) + number(names) + number(int64(len(name))) + number(0) + long(2) + long(0) + number(0) + number(opened) +
			call(callOpen) + "\x04\x40" + trap + end + number(opened) + load32 + set(local)
	}
	const data = localOther
	start := "\x02\x02\x7e\x02\x7f" + // locals as in programs, without floats and vectors
		open(planName, data) +
		number(vector) + number(base) + store32 + number(vector+4) + number(planBytes) + store32 +
		get(data) + number(vector) + number(1) + number(got) + call(callRead) + "\x04\x40" + trap + end +
		open(dataName, data) +
		number(base+headerBytes) + set(localPointer) + word(0) + extend + set(localTurns) +
		loop + // make and load each tensor
		get(data) + field(16) + field(0) + wrap + field(8) + call(callAlloc) + long(0) + field(24) + call(callLoad) + "\x04\x40" + trap + end +
		get(localPointer) + number(tensorBytes) + add32 + set(localPointer) +
		get(localTurns) + long(1) + sub64 + tee(localTurns) + isZero64 + unless + leave(0) + end +
		number(base) + "\x29\x03\x18" + set(localTurns) + // the turns
		loop +
		number(base) + word(16) + add32 + word(8) + call(callSubmit) +
		word(32) + "\x04\x40" + number(1) + long(0) + number(vector) + number(4) + call(callReadTensor) + end +
		get(localTurns) + long(1) + sub64 + tee(localTurns) + isZero64 + unless + leave(0) + end +
		number(1) + long(0) + number(vector) + number(4) + call(callReadTensor) + end
	of := func(name, kind string) function { return function{tensors.Module, name, kind} }
	return module(pages, start, nil,
		of("alloc", "\x60\x02\x7f\x7e\x01\x7f"), of("load", "\x60\x05\x7f\x7e\x7f\x7e\x7e\x01\x7f"),
		of("submit", "\x60\x02\x7f\x7f\x00"), of("read", "\x60\x04\x7f\x7e\x7f\x7f\x00"))
}
