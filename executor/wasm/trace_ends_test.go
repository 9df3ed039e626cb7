package wasm_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/executor"
	"github.com/thetaedge/theta/executor/manifest"
	"github.com/thetaedge/theta/executor/wasm"
)

// TestATraceOfAnOddEndIsTheSameOnEveryEngine checks that engines agree on the trace of a
// program wherever it ends, and that the trace includes what the program left if it exited.
func TestATraceOfAnOddEndIsTheSameOnEveryEngine(t *testing.T) {
	const exit = `(import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))`
	left := make([]byte, wasm.PageBytes)
	left[4] = 7
	for name, c := range map[string]struct {
		text   string
		reason executor.Reason
		folded []uint64
		memory []byte
	}{
		"exits in its start": {
			text: `(module ` + exit + `(memory (export "memory") 1) (global (export "g") (mut i32) (i32.const 5))
				(func $begin (i32.store (i32.const 4) (i32.const 7)) (call $exit (i32.const 3)))
				(start $begin) (func (export "_start") (unreachable)))`,
			reason: manifest.ReasonExited, folded: []uint64{1, 5}, memory: left,
		},
		"traps in its start": {
			text: `(module (memory (export "memory") 1) (func $f) (func $begin (call $f) (unreachable)) (start $begin)
				(func (export "_start") (call $f)))`,
			reason: manifest.ReasonTrapped, folded: []uint64{1},
		},
		"start and _start are one": {
			text: `(module (memory (export "memory") 1) (global $g (mut i32) (i32.const 0)) (func $f)
				(func $begin (export "_start") (call $f) (global.set $g (i32.add (global.get $g) (i32.const 1))) (i32.store (i32.const 4) (i32.const 7)))
				(start $begin))`,
			reason: manifest.ReasonExited, folded: []uint64{1, 1, 2}, memory: left,
		},
		"no start memory grown": {
			text: `(module (memory (export "memory") 0) (func $f)
				(func (export "_start") (call $f) (drop (memory.grow (i32.const 1))) (i32.store (i32.const 4) (i32.const 7))))`,
			reason: manifest.ReasonExited, folded: []uint64{1}, memory: left,
		},
		"grows too far in its start": {
			text: `(module (memory (export "memory") 1) (func $f) (func $begin (call $f) (drop (memory.grow (i32.const 60000)))) (start $begin)
				(func (export "_start")))`,
			reason: manifest.ReasonOutOfMemory, folded: []uint64{1},
		},
		"grows past its own maximum": {
			text:   `(module (memory (export "memory") 1 1) (func $f) (func (export "_start") (call $f) (drop (memory.grow (i32.const 1)))))`,
			reason: manifest.ReasonOutOfMemory, folded: []uint64{1},
		},
		"references and NaNs in globals": {
			text: `(module (memory (export "memory") 1) (func $f) (elem declare func $f)
				(global (export "a") (mut funcref) (ref.func $f)) (global (mut externref) (ref.null extern))
				(global (export "b") (mut f32) (f32.const nan:0x200001)) (global (mut f64) (f64.const -nan:0x8000000000001))
				(func (export "_start") (call $f) (i32.store (i32.const 4) (i32.const 7))))`,
			reason: manifest.ReasonExited, folded: []uint64{1, 0, 1, 0x7fa00001, 0xfff8000000000001}, memory: left,
		},
		"values of a loop with parameters": {
			text: `(module (memory (export "memory") 1) (func $two (result i32 i32) (i32.const 4) (i32.const 7))
				(func (export "_start") (call $two) (loop $l (param i32 i32) (i32.store)) ))`,
			reason: manifest.ReasonExited, folded: []uint64{1, 2}, memory: left,
		},
		"a division by zero in a loop": {
			text: `(module (memory (export "memory") 1) (func (export "_start") (local $n i32)
				(loop $l (drop (i32.div_u (i32.const 1) (i32.sub (i32.const 2) (local.get $n))))
					(local.set $n (i32.add (local.get $n) (i32.const 1))) (br $l))))`,
			reason: manifest.ReasonTrapped, folded: []uint64{1, 2, 2, 2},
		},
	} {
		t.Run(name, func(t *testing.T) {
			for _, engine := range wasm.Engines() {
				r := runOn(t, engine, tracedTask(t, c.text, firstKey, otherKey))
				require.Equal(t, c.reason, r.Reason, r.Detail)
				require.Equal(t, []executor.Trace{
					expectedTrace(firstKey, c.folded, r.FuelUsed, c.memory), expectedTrace(otherKey, c.folded, r.FuelUsed, c.memory),
				}, r.Traces, engine)
			}
		})
	}
}
