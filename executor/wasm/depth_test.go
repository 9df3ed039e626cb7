package wasm_test

import (
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/executor/manifest"
	"github.com/thetaedge/theta/executor/wasm"
)

// TestProgramsNestAsDeepAsOnAStackOf8MiB checks that the counted stack allows at least the
// depth of calls that 8 MiB of native stack allow, so that programs that run elsewhere also
// run here.
func TestProgramsNestAsDeepAsOnAStackOf8MiB(t *testing.T) {
	program := goProgram(t, "depth")
	for _, c := range []struct{ what, n, want string }{
		{"calls", "27000", "27000\n"},
		{"calls", "100000", "100000\n"},
		{"document", "10000", "<nil>\n"},
	} {
		for _, engine := range wasm.Engines() {
			tk := goTask(t, program, nil)
			tk.Args = []string{c.what, c.n}
			r := runOn(t, engine, tk)
			require.Equal(t, manifest.ReasonExited, r.Reason, "%s %s on %s: %s", c.what, c.n, engine, r.Detail)
			require.Equal(t, c.want, output(t, tk, "stdout"))
		}
	}
}

func TestEndlessRecursionTrapsOnEveryEngine(t *testing.T) {
	program := wat(t, `(func $down (param i32) (result i32)
			(i32.add (local.get 0) (call $down (i32.add (local.get 0) (i32.const 1)))))
		(func (export "_start") (drop (call $down (i32.const 0))))`)
	var results []manifest.Manifest
	var fuel []uint64
	for _, engine := range wasm.Engines() {
		r := runOn(t, engine, task(t, program))
		require.Equal(t, manifest.ReasonTrapped, r.Reason, engine)
		require.Contains(t, r.Detail, "too deeply")
		results, fuel = append(results, r.Manifest()), append(fuel, r.FuelUsed)
	}
	for i := range results {
		require.Equal(t, results[0], results[i])
		require.Equal(t, fuel[0], fuel[i])
	}
}

// TestValuesThatAnEngineMakesFitTheNativeStack checks that the counted stack ends before the
// native one if frames are large because of values that the program does not name: what an
// engine remembers of globals and addresses, moves at the start of a loop, and arguments.
func TestValuesThatAnEngineMakesFitTheNativeStack(t *testing.T) {
	each := func(n int, format string) string {
		var s strings.Builder
		for i := range n {
			s.WriteString(strings.ReplaceAll(format, "%d", strconv.Itoa(i)))
		}
		return s.String()
	}
	const globals, addresses, locals, ways, arguments = 500, 2000, 100, 300, 1000
	mutable := each(globals, "(global (mut v128) (v128.const i64x2 1 2))")
	sum := "(v128.const i64x2 0 0) " + each(globals, "(global.get %d) v128.xor ") + "(global.set 1)"
	again := "(br_if $l (i32.eqz (i32.load (i32.const 20000))))"
	for name, body := range map[string]string{
		"globals after a call": mutable + "(func $f (call $f) (global.set 0 (v128.const i64x2 3 4)) " + sum + ")",
		"globals twice":        mutable + "(func $f " + sum + sum + "(call $f))",
		"addresses": "(func $f (local " + strings.Repeat("i32 ", addresses) + ")" + each(addresses, "(local.set %d (i32.const %d))") +
			each(addresses, "(i32.store (local.get %d) (i32.const 1))") + each(addresses, "(i32.store (local.get %d) (i32.const 2))") + "(call $f))",
		"the start of a loop": "(func $f (local " + strings.Repeat("i64 ", locals) + ")" + each(locals, "(local.set %d (i64.load (i32.const %d)))") +
			"(loop $l " + strings.Repeat(again, ways) + each(locals, "(local.set %d (i64.add (local.get %d) (i64.const 1)))") + again + ")" +
			each(locals, "(i64.store (i32.const %d) (local.get %d))") + "(call $f))",
		"arguments": "(func $leaf (param " + strings.Repeat("i64 ", arguments) + ")) (func $f (call $f) " +
			strings.Repeat("(i64.const 1) ", arguments) + "(call $leaf))",
	} {
		t.Run(name, func(t *testing.T) {
			program := wat(t, body+`(func (export "_start") (i32.store (i32.const 20000) (i32.const 1)) (call $f))`)
			for _, engine := range wasm.Engines() {
				r := runOn(t, engine, task(t, program))
				require.Equal(t, manifest.ReasonTrapped, r.Reason, engine)
				require.Contains(t, r.Detail, "too deeply", engine)
			}
		})
	}
}
