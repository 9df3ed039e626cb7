package wasm_test

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math/bits"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/executor"
	"github.com/thetaedge/theta/executor/manifest"
	"github.com/thetaedge/theta/executor/wasm"
)

var (
	firstKey = sha256.Sum256([]byte("first"))
	otherKey = sha256.Sum256([]byte("other"))
)

// tracedTask returns a task with one trace key or two.
func tracedTask(t *testing.T, text string, keys ...executor.Trace) executor.Task {
	t.Helper()
	tk := task(t, watModule(t, text))
	tk.TraceKeys = keys
	return tk
}

// expectedTrace computes a trace as docs/profiles/wasm-1.md describes it, independently of the
// executor.
func expectedTrace(key executor.Trace, folded []uint64, fuel uint64, memory []byte) executor.Trace {
	acc := binary.LittleEndian.Uint64(key[:8])
	for _, v := range folded {
		acc = bits.RotateLeft64((acc^v)*0x9e3779b97f4a7c15, 31)
	}
	text := append([]byte("theta/wasm/trace/1"), key[:]...)
	text = binary.LittleEndian.AppendUint64(text, acc)
	text = binary.LittleEndian.AppendUint64(text, fuel)
	return sha256.Sum256(append(text, memory...))
}

func TestATraceFoldsChecksThenGlobalsThenMemory(t *testing.T) {
	const program = `(module (memory (export "memory") 1)
		(global $i (mut i32) (i32.const -1)) (global (mut f64) (f64.const 1.5)) (global $fixed i64 (i64.const 9))
		(global (mut v128) (v128.const i64x2 5 6)) (global (mut funcref) (ref.null func)) (global (mut i64) (i64.const 7))
		(func $leaf)
		(func (export "_start") (local $n i32)
			(loop $l (br_if $l (i32.lt_u (local.tee $n (i32.add (local.get $n) (i32.const 1))) (i32.const 3))))
			(call $leaf) (global.set $i (i32.const -2)) (i32.store (i32.const 10) (i32.const 0x01020304))))`
	memory := make([]byte, wasm.PageBytes)
	copy(memory[10:], []byte{4, 3, 2, 1})
	// These are the entry, three turns of the loop, and the globals that can change.
	folded := []uint64{1, 2, 2, 2, 1<<32 - 2, 0x3ff8000000000000, 5, 6, 1, 7}
	for _, engine := range wasm.Engines() {
		r := runOn(t, engine, tracedTask(t, program, firstKey, otherKey))
		require.Equal(t, manifest.ReasonExited, r.Reason, r.Detail)
		require.Equal(t, []executor.Trace{
			expectedTrace(firstKey, folded, r.FuelUsed, memory), expectedTrace(otherKey, folded, r.FuelUsed, memory),
		}, r.Traces, engine)
	}
}

// TestAProgramThatDoesNotExitIsTracedWithoutItsMemory checks that the trace of a program that
// does not exit includes neither its memory nor its globals.
func TestAProgramThatDoesNotExitIsTracedWithoutItsMemory(t *testing.T) {
	const memory = `(memory (export "memory") 1) (global $g (mut i32) (i32.const 3))`
	loop := `(loop $l (i32.store (i32.const 0) (i32.const 1)) (br $l))`
	for name, c := range map[string]struct {
		text   string
		reason executor.Reason
		folded []uint64
		fuel   uint64 // of the task, if all of it is used
	}{
		"trapped":         {text: `(module ` + memory + `(func $f) (func (export "_start") (call $f) (unreachable)))`, reason: manifest.ReasonTrapped, folded: []uint64{1}},
		"nested too deep": {text: `(module ` + memory + `(func $f (export "_start") (call $f) (unreachable)))`, reason: manifest.ReasonTrapped},
		"out of fuel":     {text: `(module ` + memory + `(func (export "_start") ` + loop + `))`, reason: manifest.ReasonOutOfFuel, folded: []uint64{1, 2, 2, 2}, fuel: 8},
		"out of memory":   {text: `(module ` + memory + `(func $f) (func (export "_start") (call $f) (drop (memory.grow (i32.const 60000)))))`, reason: manifest.ReasonOutOfMemory, folded: []uint64{1}},
		"never begun":     {text: `(module (memory (export "memory") 60000) (func (export "_start")))`, reason: manifest.ReasonOutOfMemory},
		"invalid":         {text: `(module (func (export "start")))`, reason: manifest.ReasonInvalidProgram},
		"bad segment":     {text: `(module ` + memory + `(data (i32.const 65536) "x") (func (export "_start")))`, reason: manifest.ReasonTrapped},
	} {
		t.Run(name, func(t *testing.T) {
			var first *executor.Result
			for _, engine := range wasm.Engines() {
				tk := tracedTask(t, c.text, firstKey)
				if c.fuel != 0 {
					tk.Fuel = c.fuel
				}
				r := runOn(t, engine, tk)
				require.Equal(t, c.reason, r.Reason, r.Detail)
				if name != "nested too deep" { // thousands of entries
					require.Equal(t, []executor.Trace{expectedTrace(firstKey, c.folded, r.FuelUsed, nil)}, r.Traces, engine)
				}
				if first == nil {
					first = &r
				}
				require.Equal(t, first.Traces, r.Traces, engine)
				require.Equal(t, first.FuelUsed, r.FuelUsed, engine)
			}
		})
	}
}

func TestATraceIsTheSameBesideAnotherAndChangesNoResult(t *testing.T) {
	program := goProgram(t, "world")
	results := map[int]executor.Result{}
	var alone []executor.Trace
	for n, keys := range [][]executor.Trace{nil, {firstKey}, {firstKey, otherKey}, {otherKey}} {
		for _, engine := range wasm.Engines() {
			tk := goTask(t, program, nil)
			tk.TraceKeys = keys
			r := runOn(t, engine, tk)
			require.Len(t, r.Traces, len(keys))
			if n > 0 {
				require.Equal(t, results[0].Manifest(), r.Manifest())
				require.Equal(t, results[0].FuelUsed, r.FuelUsed)
			}
			if first, ran := results[n]; ran {
				require.Equal(t, first.Traces, r.Traces, engine)
			}
			results[n] = r
		}
	}
	alone = append(append(alone, results[1].Traces...), results[3].Traces...)
	require.Equal(t, results[2].Traces, alone)
	require.NotEqual(t, alone[0], alone[1])
}

// TestAnotherWayToTheSameResultHasAnotherTrace checks that two programs with the same output
// have different traces if they compute it in different ways, or leave different data in
// memory.
func TestAnotherWayToTheSameResultHasAnotherTrace(t *testing.T) {
	text := func(turns, left int) string {
		return fmt.Sprintf(`(module (memory (export "memory") 1) (func (export "_start") (local $n i32)
			(loop $l (br_if $l (i32.lt_u (local.tee $n (i32.add (local.get $n) (i32.const 1))) (i32.const %d))))
			(i32.store (i32.const 0) (i32.const %d))))`, turns, left)
	}
	seen := map[executor.Trace]string{}
	for _, program := range []string{text(10, 1), text(11, 1), text(10, 2)} {
		r := run(t, tracedTask(t, program, firstKey))
		require.Empty(t, r.Outputs)
		require.Empty(t, seen[r.Traces[0]], "another program has this trace: %s", program)
		seen[r.Traces[0]] = program
	}
}
