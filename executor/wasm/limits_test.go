package wasm_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/executor/manifest"
	"github.com/thetaedge/theta/executor/wasm"
)

func TestReturningFromStartExitsWithZero(t *testing.T) {
	r := run(t, task(t, wat(t, `(func (export "_start") (drop (i32.const 1)))`)))
	require.Equal(t, manifest.ReasonExited, r.Reason)
	require.Zero(t, r.ExitCode)
	require.Empty(t, r.Outputs)
	require.Equal(t, uint64(1), r.FuelUsed)
	require.Equal(t, uint64(2*wasm.PageBytes), r.PeakMemory)
}

func TestExitCodeIsAResult(t *testing.T) {
	r := run(t, task(t, wat(t, `(func (export "_start") (call $exit (i32.const 200)) unreachable)`)))
	require.Equal(t, manifest.ReasonExited, r.Reason)
	require.Equal(t, int32(200), r.ExitCode)
}

func TestEveryTrapIsTheSameResult(t *testing.T) {
	for body, detail := range map[string]string{
		`unreachable`: "unreachable",
		`(drop (i32.div_u (i32.const 1) (i32.const 0)))`:            "divided by zero",
		`(drop (i64.rem_s (i64.const 1) (i64.const 0)))`:            "divided by zero",
		`(drop (i32.load (i32.const -1)))`:                          "outside of the memory",
		`(drop (i32.trunc_f32_s (f32.const nan)))`:                  "not a number",
		`(drop (i32.trunc_f64_u (f64.const 1e30)))`:                 "overflowed",
		`(drop (i32.div_s (i32.const 0x80000000) (i32.const -1)))`:  "overflowed",
		`(memory.fill (i32.const -1) (i32.const 1) (i32.const 64))`: "outside of the memory",
		`(call_indirect (i32.const 0))`:                             "empty element",
		`(call_indirect (i32.const 9))`:                             "empty element",
		`(call_indirect (param i32) (i32.const 0) (i32.const 1))`:   "another type",
		`(table.fill (i32.const 3) (ref.null func) (i32.const 3))`:  "outside of the table",
		`(table.set (i32.const 4) (ref.null func))`:                 "outside of the table",
	} {
		t.Run(body, func(t *testing.T) {
			for _, engine := range wasm.Engines() {
				r := runOn(t, engine, task(t, wat(t, `(table 4 funcref) (elem (i32.const 1) $put) (func (export "_start") `+body+`)`)))
				require.Equal(t, manifest.ReasonTrapped, r.Reason)
				require.Equal(t, manifest.NoExitCode, r.ExitCode)
				require.Contains(t, r.Detail, detail, engine)
			}
		})
	}
}

func TestTrapInADataSegmentIsAResult(t *testing.T) {
	r := run(t, task(t, wat(t, `(data (i32.const 0x7ffffff0) "x") (func (export "_start"))`)))
	require.Equal(t, manifest.ReasonTrapped, r.Reason)
}

func TestFailedProgramKeepsItsStreamsAndNoFiles(t *testing.T) {
	program := wat(t, `
		(data (i32.const 64) "note")
		(func (export "_start") (local $fd i32)
			(local.set $fd (call $create (i32.const 64) (i32.const 4)))
			(call $put (local.get $fd) (i32.const 64) (i32.const 4))
			(call $put (i32.const 2) (i32.const 64) (i32.const 4))
			unreachable)`)
	tk := task(t, program)
	r := run(t, tk)
	require.Equal(t, manifest.ReasonTrapped, r.Reason)
	require.Equal(t, "stderr", paths(r.Outputs))
	require.Equal(t, "note", output(t, tk, "stderr"))
}

func TestEndlessLoopEndsAtTheSameFuel(t *testing.T) {
	// Each turn writes a mark to the output. The number of marks must be the same in every
	// run.
	program := wat(t, `(func (export "_start") (loop $l
		(call $put (i32.const 1) (i32.const 64) (i32.const 1)) (br $l)))`)
	tk := task(t, program)
	tk.Fuel = 5_000_000
	first := run(t, tk)
	require.Equal(t, manifest.ReasonOutOfFuel, first.Reason)
	require.Equal(t, tk.Fuel, first.FuelUsed)
	require.NotEmpty(t, first.Outputs)
	again := task(t, program)
	again.Fuel = tk.Fuel
	require.Equal(t, first.Manifest(), run(t, again).Manifest())
}

func TestPureLoopEndsByFuel(t *testing.T) {
	tk := task(t, wat(t, `(func (export "_start") (loop $l (br $l)))`))
	tk.Fuel = 1_000_000
	require.Equal(t, manifest.ReasonOutOfFuel, run(t, tk).Reason)
}

func TestFuelOfACompletedRunIsAlwaysEqual(t *testing.T) {
	program := wat(t, `(func $fib (param i32) (result i32)
			(if (result i32) (i32.lt_u (local.get 0) (i32.const 2)) (then (local.get 0))
				(else (i32.add (call $fib (i32.sub (local.get 0) (i32.const 1))) (call $fib (i32.sub (local.get 0) (i32.const 2)))))))
		(func (export "_start") (call $exit (call $fib (i32.const 12))))`)
	first := run(t, task(t, program))
	require.Equal(t, int32(144), first.ExitCode)
	require.Equal(t, uint64(18844), first.FuelUsed, "the number is the profile's: another one is another profile")
	require.Equal(t, first.FuelUsed, run(t, task(t, program)).FuelUsed)

	// The last unit counts: the program ends with the amount that it used, and does not end
	// with less.
	exact, short := task(t, program), task(t, program)
	exact.Fuel, short.Fuel = first.FuelUsed, first.FuelUsed-wasiCallFuel
	require.Equal(t, first.Manifest(), run(t, exact).Manifest())
	require.Equal(t, manifest.ReasonOutOfFuel, run(t, short).Reason)
}

// wasiCallFuel is more than the cost of any last part of a run without a fuel check.
const wasiCallFuel = 2000

func TestBulkInstructionsPayForWhatTheyDo(t *testing.T) {
	fuel := func(size int) uint64 {
		return run(t, task(t, wat(t, fmt.Sprintf(`(func (export "_start")
			(memory.fill (i32.const 0) (i32.const 1) (i32.const %d)))`, size)))).FuelUsed
	}
	require.Greater(t, fuel(128<<10), fuel(1<<10)+(127<<10)/64)
}

func TestMemoryEaterIsStopped(t *testing.T) {
	program := wat(t, `(func (export "_start") (loop $l
		(drop (memory.grow (i32.const 16))) (br $l)))`)
	tk := task(t, program)
	r := run(t, tk)
	require.Equal(t, manifest.ReasonOutOfMemory, r.Reason)
	require.LessOrEqual(t, r.PeakMemory, tk.MemoryBytes)
	require.Greater(t, r.PeakMemory, tk.MemoryBytes-16*wasm.PageBytes)
}

func TestMemoryUpToTheLimitIsGiven(t *testing.T) {
	tk := task(t, wat(t, `(func (export "_start") (call $exit (memory.grow (i32.const 2))))`))
	tk.MemoryBytes = 4 * wasm.PageBytes
	r := run(t, tk)
	require.Equal(t, manifest.ReasonExited, r.Reason)
	require.Equal(t, int32(2), r.ExitCode)
	require.Equal(t, tk.MemoryBytes, r.PeakMemory)
}

func TestMemoryThatIsNotExportedIsLimitedToo(t *testing.T) {
	tk := task(t, watModule(t, `(module (memory 1 3) (func (export "_start") (drop (memory.grow (i32.const 3)))))`))
	require.Equal(t, manifest.ReasonOutOfMemory, run(t, tk).Reason)
}

func TestInitialMemoryOverTheLimitIsAResult(t *testing.T) {
	tk := task(t, wat(t, `(func (export "_start"))`))
	tk.MemoryBytes = wasm.PageBytes
	require.Equal(t, manifest.ReasonOutOfMemory, run(t, tk).Reason)
}

func TestRecursionEndsAtTheSameDepth(t *testing.T) {
	// The length of a file shows the depth, so it would differ if the native stack determined
	// it.
	depth := func(locals, before, after string) int {
		tk := task(t, wat(t, `(func $down (param i32) (local `+locals+`) `+before+`
				(call $put (i32.const 1) (i32.const 64) (i32.const 1))
				(call $down (i32.add (local.get 0) (i32.const 1)))`+after+`)
			(func (export "_start") (call $down (i32.const 0)))`))
		r := run(t, tk)
		require.Equal(t, manifest.ReasonTrapped, r.Reason)
		require.Contains(t, r.Detail, "too deeply")
		return len(output(t, tk, "stdout"))
	}
	// These numbers belong to the profile. If a number changes, it is another profile.
	require.Equal(t, 855978, depth("i32", "", ""))
	require.Equal(t, 855978, depth(strings.Repeat("i64 ", 1000), "", ""), "what is not used takes nothing")
	var set, use strings.Builder
	for i := range 100 {
		fmt.Fprintf(&set, "(local.set %d (i64.load (i32.const %d)))", i+1, 8*i)
		fmt.Fprintf(&use, "(i64.store (i32.const %d) (local.get %d))", 8*i, i+1)
	}
	require.Equal(t, 194630, depth(strings.Repeat("i64 ", 100), set.String(), use.String()))
}

func TestDeepFramesOfManyValuesFitTheNativeStack(t *testing.T) {
	// Many values that stay alive across the call make the native frames large.
	var set, use strings.Builder
	for i := range 400 {
		fmt.Fprintf(&set, "(local.set %d (i64.load (i32.add (local.get 0) (i32.const %d))))", i+1, 8*i)
		fmt.Fprintf(&use, "(i64.store (i32.const %d) (local.get %d))", 8*i, i+1)
	}
	program := wat(t, `(func $down (param i32) (local `+strings.Repeat("i64 ", 400)+`)
			`+set.String()+`(call $down (i32.add (local.get 0) (i32.const 1)))`+use.String()+`)
		(func (export "_start") (call $down (i32.const 0)))`)
	require.Equal(t, manifest.ReasonTrapped, run(t, task(t, program)).Reason)
}

// TestValuesOfALoopFitTheNativeStackOfWazero checks a loop that computes many values that do
// not change in it. An optimiser may compute them before the loop and keep all of them across
// the call, without a single local. wazero does not; wasmtime does, and its stack ends first.
func TestValuesOfALoopFitTheNativeStackOfWazero(t *testing.T) {
	for name, value := range map[string]string{
		"i64":  "(i64.store offset=%d (i32.const 0) (i64.mul (local.get 0) (i64.const %d)))",
		"v128": "(v128.store offset=%d (i32.const 0) (v128.xor (i64x2.splat (local.get 0)) (i64x2.splat (i64.const %d))))",
		"lane": "(v128.store offset=%d (i32.const 0) (i8x16.replace_lane 1 (local.get 1) (i32.const %d)))",
	} {
		for _, count := range []int{100, 1000, 10000} {
			var loop strings.Builder
			for i := range count {
				fmt.Fprintf(&loop, value, 16*(i%1000), i+3)
			}
			program := wat(t, `(func $down (param i64) (local v128)
					(local.set 1 (i64x2.splat (local.get 0)))
					(loop $l `+loop.String()+`(call $down (i64.add (local.get 0) (i64.const 1))) (br_if $l (i64.eqz (local.get 0)))))
				(func (export "_start") (call $down (i64.const 0)))`)
			r := runOn(t, wasm.EngineWazero, task(t, program))
			require.Equal(t, manifest.ReasonTrapped, r.Reason, "%s %d", name, count)
			require.Contains(t, r.Detail, "too deeply", "%s %d", name, count)
		}
	}
}

func TestIndirectRecursionIsCountedToo(t *testing.T) {
	program := wat(t, `(type $v (func)) (table 1 funcref) (elem (i32.const 0) $self)
		(func $self (call_indirect (type $v) (i32.const 0)))
		(func (export "_start") (call $self))`)
	r := run(t, task(t, program))
	require.Equal(t, manifest.ReasonTrapped, r.Reason)
	require.Contains(t, r.Detail, "too deeply")
}

func TestReturnedCallsGiveTheirStackBack(t *testing.T) {
	program := wat(t, `(func $leaf (call $put (i32.const 1) (i32.const 64) (i32.const 0)))
		(func $early (param i32) (call $leaf) (if (local.get 0) (then return)) (call $leaf))
		(func (export "_start") (local $i i32) (loop $l
			(call $early (i32.and (local.get $i) (i32.const 1)))
			(br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 50000)))))`)
	require.Equal(t, manifest.ReasonExited, run(t, task(t, program)).Reason)
}

func TestStartFunctionRunsBeforeTheEntry(t *testing.T) {
	tk := task(t, wat(t, `(data (i32.const 64) "ab") (start $s)
		(func $s (call $put (i32.const 1) (i32.const 64) (i32.const 1)))
		(func (export "_start") (call $put (i32.const 1) (i32.const 65) (i32.const 1)))`))
	require.Equal(t, manifest.ReasonExited, run(t, tk).Reason)
	require.Equal(t, "ab", output(t, tk, "stdout"))
}

func TestTooManyOutputBytesStopTheProgram(t *testing.T) {
	tk := task(t, wat(t, `(data (i32.const 64) "big")
		(func (export "_start") (local $fd i32)
			(local.set $fd (call $create (i32.const 64) (i32.const 3)))
			(loop $l (call $put (local.get $fd) (i32.const 0) (i32.const 65536)) (br $l)))`))
	r := run(t, tk)
	require.Equal(t, manifest.ReasonOutputTooBig, r.Reason)
	require.Empty(t, r.Outputs)
}

func TestOutputUpToTheLimitIsGiven(t *testing.T) {
	tk := task(t, wat(t, `(data (i32.const 64) "big")
		(func (export "_start") (call $put (call $create (i32.const 64) (i32.const 3)) (i32.const 0) (i32.const 65536)))`))
	tk.OutputBytes = 65536
	r := run(t, tk)
	require.Equal(t, manifest.ReasonExited, r.Reason)
	require.Equal(t, "big", paths(r.Outputs))
	require.Equal(t, uint64(65536), r.Outputs[0].Size)
}

func TestTooManyOutputFilesStopTheProgram(t *testing.T) {
	tk := task(t, wat(t, `(data (i32.const 64) "a")
		(func (export "_start") (loop $l
			(drop (call $create (i32.const 64) (i32.const 1)))
			(i32.store8 (i32.const 64) (i32.add (i32.load8_u (i32.const 64)) (i32.const 1)))
			(br $l)))`))
	require.Equal(t, manifest.ReasonOutputTooBig, run(t, tk).Reason)
}

func TestStreamsAreCutAtTheirBound(t *testing.T) {
	tk := task(t, wat(t, `(func (export "_start") (local $i i32) (loop $l
		(call $put (i32.const 1) (i32.const 64) (i32.const 60000))
		(br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 40)))))`))
	r := run(t, tk)
	require.Equal(t, manifest.ReasonExited, r.Reason)
	require.Equal(t, uint64(1<<20), r.Outputs[0].Size)
}

func TestInvalidProgramsAreResults(t *testing.T) {
	for name, program := range map[string]string{
		"no wasm":          binaryFile(t, []byte("#!/bin/sh\n")),
		"empty":            binaryFile(t, nil),
		"truncated":        binaryFile(t, []byte("\x00asm\x01\x00\x00\x00\x01\x7f")),
		"too large":        binaryFile(t, make([]byte, wasm.MaxProgramBytes+1)),
		"no entry":         watModule(t, `(module (func (export "main")))`),
		"entry with param": watModule(t, `(module (func (export "_start") (param i32)))`),
		"unknown module":   watModule(t, `(module (import "env" "now" (func)) (func (export "_start")))`),
		"unknown function": watModule(t, `(module (import "wasi_snapshot_preview1" "gpu" (func)) (func (export "_start")))`),
		"wrong type":       watModule(t, `(module (import "wasi_snapshot_preview1" "random_get" (func)) (func (export "_start")))`),
		"imported memory":  watModule(t, `(module (import "wasi_snapshot_preview1" "m" (memory 1)) (func (export "_start")))`),
		"threads":          watModule(t, `(module (memory 1 1 shared) (func (export "_start")))`),
		"memory64":         watModule(t, `(module (memory i64 1) (func (export "_start")))`),
		"two memories":     watModule(t, `(module (memory 1) (memory 1) (func (export "_start")))`),
		"tail call":        watModule(t, `(module (func $f (export "_start") (return_call $f)))`),
		"relaxed simd":     watModule(t, `(module (func (export "_start") (drop (f32x4.relaxed_madd (v128.const i64x2 0 0) (v128.const i64x2 0 0) (v128.const i64x2 0 0)))))`),
		"exceptions":       watModule(t, `(module (tag $e) (func (export "_start") (throw $e)))`),
		"gc":               watModule(t, `(module (type $s (struct)) (func (export "_start") (drop (struct.new $s))))`),
		"huge table":       watModule(t, `(module (table 1048577 funcref) (func (export "_start")))`),
		"reserved export":  watModule(t, `(module (func (export "theta:start")) (func (export "_start")))`),
		"forged global":    watModule(t, `(module (func (export "_start") (global.set 0 (i32.const 1))))`),
	} {
		t.Run(name, func(t *testing.T) {
			r := run(t, task(t, program))
			require.Equal(t, manifest.ReasonInvalidProgram, r.Reason)
			require.NotEmpty(t, r.Detail)
			require.Empty(t, r.Outputs)
		})
	}
}

func TestNaNsAreCanonical(t *testing.T) {
	tk := task(t, wat(t, `(func (export "_start")
		(f64.store (i32.const 64) (f64.add (f64.load (i32.const 128)) (f64.const 1)))
		(f32.store (i32.const 72) (f32.div (f32.const 0) (f32.const 0)))
		(v128.store (i32.const 80) (f32x4.mul (v128.load (i32.const 144)) (v128.load (i32.const 144))))
		(call $put (i32.const 1) (i32.const 64) (i32.const 32)))
		(data (i32.const 128) "\01\02\03\04\05\06\f4\ff")
		(data (i32.const 144) "\01\02\c0\7f\01\02\c0\ff\03\00\80\7f\05\00\80\ff")`))
	require.Equal(t, manifest.ReasonExited, run(t, tk).Reason)
	nan32 := "\x00\x00\xc0\x7f"
	require.Equal(t, "\x00\x00\x00\x00\x00\x00\xf8\x7f"+nan32+"\x00\x00\x00\x00"+strings.Repeat(nan32, 4), output(t, tk, "stdout"))
}
