package wasm_test

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tetratelabs/wazero"

	"github.com/thetaedge/theta/executor/manifest"
	"github.com/thetaedge/theta/executor/wasm"
)

// comparisons returns families of SIMD comparisons and the operations that compilers fold into
// them. Some of these have ended the process of an engine.
func comparisons() map[string]string {
	bodies := map[string]string{}
	for _, lanes := range []string{"i8x16", "i16x8", "i32x4", "i64x2"} {
		compare := []string{"eq", "ne", "lt_s", "gt_s", "le_s", "ge_s"}
		combine := []string{"add", "sub"}
		if lanes != "i64x2" {
			compare = append(compare, "lt_u", "gt_u", "le_u", "ge_u")
			combine = append(combine, "min_s", "min_u", "max_s", "max_u")
		}
		operands := []string{"(local.get 0)", "(v128.not (local.get 0))", "(" + lanes + ".neg (local.get 0))", "(" + lanes + ".abs (local.get 0))"}
		for _, op := range combine {
			operands = append(operands, both(lanes+"."+op)...)
		}
		for _, op := range []string{"and", "or", "xor", "andnot"} {
			operands = append(operands, both("v128."+op)...)
		}
		for _, first := range compare {
			var against, pairs strings.Builder
			for _, operand := range operands {
				fmt.Fprintf(&against, "(v128.store (i32.const 0) (%s.%s (local.get 0) %s))", lanes, first, operand)
				fmt.Fprintf(&against, "(v128.store (i32.const 0) (%s.%s %s (local.get 0)))", lanes, first, operand)
			}
			for _, second := range compare {
				for _, op := range []string{"and", "or", "xor"} {
					for _, swapped := range both(lanes + "." + second)[1:] {
						fmt.Fprintf(&pairs, "(v128.store (i32.const 0) (v128.%s (%s.%s (local.get 0) (local.get 1)) %s))", op, lanes, first, swapped)
					}
				}
			}
			name := lanes + "." + first
			bodies[name+" of pairs"] = loaded + pairs.String()
			bodies[name+" of loaded values"] = loaded + against.String()
			for of, constant := range map[string]string{"zero": "0 0 0 0", "ones": "-1 -1 -1 -1", "a constant": "0x7479e5 0x33230a 0x80000000 0xfa2675c0"} {
				bodies[name+" against "+of] = loaded + "(local.set 1 (v128.const i32x4 " + constant + "))" + against.String()
				bodies[name+" of "+of] = loaded + "(local.set 0 (v128.const i32x4 " + constant + "))" + against.String()
			}
		}
	}
	return bodies
}

const loaded = "(local.set 0 (v128.load (i32.const 16))) (local.set 1 (v128.load (i32.const 32)))"

// both returns an operation on a value with itself, and on two values in either order.
func both(op string) []string {
	return []string{
		"(" + op + " (local.get 0) (local.get 0))", "(" + op + " (local.get 0) (local.get 1))", "(" + op + " (local.get 1) (local.get 0))",
	}
}

// TestNoComparisonEndsTheProcess checks that a valid program has a result and never ends the
// process. All jobs, keys and reveals of the node are in that process.
func TestNoComparisonEndsTheProcess(t *testing.T) {
	var functions strings.Builder
	for _, body := range comparisons() {
		functions.WriteString("(func (local v128 v128) " + body + ")")
	}
	// One module contains all of them, because each program needs a file and a compilation.
	program := watModule(t, `(module (memory (export "memory") 1 1) (func (export "_start")) `+functions.String()+`)`)
	for _, engine := range wasm.Engines() {
		require.Equal(t, manifest.ReasonExited, runOn(t, engine, task(t, program)).Reason, engine)
	}
}

// atTheEnd returns programs, each with an access to the last bytes of the memory.
func atTheEnd() map[string]string {
	double, single, vector := "(f64.load (i32.const 65528))", "(f32.load (i32.const 65532))", "(v128.load (i32.const 65520))"
	word, long := "(i32.load (i32.const 65532))", "(i64.load (i32.const 65528))"
	bodies := map[string]string{}
	add := func(store, op string, operands ...string) {
		body := fmt.Sprintf("(%s.store (i32.const 0) (%s %s))", store, op, strings.Join(operands, " "))
		bodies[op+" "+strings.Join(operands, " ")] = body
	}
	for _, op := range []string{"add", "sub", "mul", "div", "min", "max", "copysign"} {
		add("f64", "f64."+op, "(local.get $d)", double)
		add("f64", "f64."+op, double, "(local.get $d)")
		add("f32", "f32."+op, "(local.get $f)", single)
		add("f32", "f32."+op, single, "(local.get $f)")
	}
	for _, op := range []string{"abs", "neg", "ceil", "floor", "trunc", "nearest", "sqrt"} {
		add("f64", "f64."+op, double)
		add("f32", "f32."+op, single)
	}
	for _, op := range []string{"eq", "ne", "lt", "gt", "le", "ge"} {
		add("i32", "f64."+op, "(local.get $d)", double)
		add("i32", "f64."+op, double, "(local.get $d)")
		add("i32", "f32."+op, "(local.get $f)", single)
		add("i32", "f32."+op, single, "(local.get $f)")
	}
	add("f64", "f64.promote_f32", single)
	add("f32", "f32.demote_f64", double)
	add("i64", "i64.reinterpret_f64", double)
	add("i32", "i32.reinterpret_f32", single)
	add("f64", "f64.reinterpret_i64", long)
	add("f32", "f32.reinterpret_i32", word)
	for _, sign := range []string{"s", "u"} {
		add("f64", "f64.convert_i64_"+sign, long)
		add("f64", "f64.convert_i32_"+sign, word)
		add("f32", "f32.convert_i32_"+sign, word)
		add("f32", "f32.convert_i64_"+sign, long)
		add("i32", "i32.trunc_sat_f64_"+sign, double)
		add("i32", "i32.trunc_sat_f32_"+sign, single)
		add("i64", "i64.trunc_sat_f64_"+sign, double)
		add("i64", "i64.trunc_sat_f32_"+sign, single)
		add("i64", "i64.extend_i32_"+sign, word)
	}
	add("f64", "select", "(local.get $d)", double, "(i32.load (i32.const 8))")
	add("i64", "select", "(local.get $l)", long, "(i32.load (i32.const 8))")
	for _, op := range []string{"add", "sub", "mul", "and", "or", "xor", "shl", "shr_u", "shr_s", "rotl", "rotr"} {
		add("i32", "i32."+op, "(local.get $i)", word)
		add("i32", "i32."+op, word, "(local.get $i)")
		add("i64", "i64."+op, "(local.get $l)", long)
		add("i64", "i64."+op, long, "(local.get $l)")
		add("i32", "i32."+op, "(local.get $i)", "(i32.load8_s (i32.const 65535))")
		add("i32", "i32."+op, "(local.get $i)", "(i32.load16_u (i32.const 65534))")
		add("i64", "i64."+op, "(local.get $l)", "(i64.load32_s (i32.const 65532))")
	}
	for _, op := range []string{"eq", "ne", "lt_s", "lt_u", "gt_s", "gt_u", "le_s", "le_u", "ge_s", "ge_u"} {
		add("i32", "i32."+op, "(local.get $i)", word)
		add("i32", "i64."+op, "(local.get $l)", long)
	}
	for _, op := range []string{"clz", "ctz", "popcnt", "eqz", "extend8_s", "extend16_s"} {
		add("i32", "i32."+op, word)
		add("i32", "i32."+op, "(i32.load8_u (i32.const 65535))")
	}
	vectorsAtTheEnd(add, vector, double, single)
	for width, at := range map[string]int{"8": 65535, "16": 65534, "32": 65532} {
		bodies["store"+width] = fmt.Sprintf("(i64.store%s (i32.const %d) (local.get $l))", width, at)
	}
	bodies["stores"] = `(i64.store (i32.const 65528) (local.get $l)) (i32.store (i32.const 65532) (local.get $i))
		(f64.store (i32.const 65528) (local.get $d)) (f32.store (i32.const 65532) (local.get $f)) (v128.store (i32.const 65520) (local.get $v))`
	return bodies
}

func vectorsAtTheEnd(add func(store, op string, operands ...string), vector, double, single string) {
	lanes := func(name, load string, count, at int) {
		value := fmt.Sprintf("(%s (i32.const %d))", load, at)
		add("v128", name+".splat", value)
		for lane := range count {
			add("v128", fmt.Sprintf("%s.replace_lane %d", name, lane), "(local.get $v)", value)
		}
	}
	lanes("i8x16", "i32.load8_u", 16, 65535)
	lanes("i16x8", "i32.load16_u", 8, 65534)
	lanes("i32x4", "i32.load", 4, 65532)
	lanes("i64x2", "i64.load", 2, 65528)
	lanes("f32x4", "f32.load", 4, 65532)
	lanes("f64x2", "f64.load", 2, 65528)
	for name, at := range map[string]int{
		"load8_splat": 65535, "load16_splat": 65534, "load32_splat": 65532, "load64_splat": 65528, "load32_zero": 65532, "load64_zero": 65528,
		"load8x8_s": 65528, "load8x8_u": 65528, "load16x4_s": 65528, "load16x4_u": 65528, "load32x2_s": 65528, "load32x2_u": 65528,
	} {
		add("v128", "v128."+name, fmt.Sprintf("(i32.const %d)", at))
	}
	for name, at := range map[string]int{"load8_lane": 65535, "load16_lane": 65534, "load32_lane": 65532, "load64_lane": 65528} {
		add("v128", "v128."+name+" 1", fmt.Sprintf("(i32.const %d)", at), "(local.get $v)")
	}
	// These are lanes of a vector of which only a scalar is loaded.
	for _, op := range []string{
		"f64x2.convert_low_i32x4_s", "f64x2.convert_low_i32x4_u", "f64x2.promote_low_f32x4", "i16x8.extend_low_i8x16_s",
		"i16x8.extend_low_i8x16_u", "i32x4.extend_low_i16x8_s", "i32x4.extend_low_i16x8_u", "i64x2.extend_low_i32x4_s", "i64x2.extend_low_i32x4_u",
	} {
		add("v128", op, "(v128.load64_zero (i32.const 65528))")
		add("v128", op, vector)
	}
	for _, op := range []string{"f32x4.add", "f32x4.min", "f32x4.eq", "f64x2.mul", "f64x2.max", "f64x2.lt", "i8x16.add", "i16x8.mul", "i32x4.max_u", "i64x2.sub", "v128.and", "i8x16.swizzle"} {
		add("v128", op, "(local.get $v)", vector)
		add("v128", op, vector, "(local.get $v)")
		add("v128", op, "(local.get $v)", "(v128.load32_zero (i32.const 65532))")
	}
	for _, op := range []string{"f32x4.sqrt", "f32x4.ceil", "f64x2.floor", "f64x2.abs", "f32x4.neg", "i8x16.popcnt", "i32x4.abs", "f32x4.demote_f64x2_zero", "i32x4.trunc_sat_f64x2_s_zero"} {
		add("v128", op, vector)
		add("v128", op, "(v128.load64_zero (i32.const 65528))")
	}
	for _, op := range []string{"i8x16.shl", "i8x16.shr_s", "i16x8.shr_s", "i16x8.shl", "i32x4.shr_u", "i64x2.shl", "i64x2.shr_s"} {
		add("v128", op, "(local.get $v)", "(i32.load (i32.const 65532))")
		add("v128", op, "(local.get $v)", "(i32.load8_u (i32.const 65535))")
	}
	add("v128", "f64x2.splat", double)
	add("v128", "f32x4.splat", single)
}

// TestAccessesAtTheEndOfTheMemoryAreNotWidened checks that no machine traps at accesses that
// are inside of the memory. An engine that widens a load when it folds it into an instruction
// does trap, but only on processors that have this instruction.
func TestAccessesAtTheEndOfTheMemoryAreNotWidened(t *testing.T) {
	var functions, calls strings.Builder
	names := []string{}
	for name, body := range atTheEnd() {
		fmt.Fprintf(&functions, `(func $%d (local $d f64) (local $f f32) (local $v v128) (local $i i32) (local $l i64)
			(local.set $d (f64.load (i32.const 16))) (local.set $f (f32.load (i32.const 24)))
			(local.set $v (v128.load (i32.const 32))) (local.set $i (i32.load (i32.const 48))) (local.set $l (i64.load (i32.const 56)))
			(i32.store (i32.const 128) (i32.const %d)) %s)`, len(names), len(names), body)
		fmt.Fprintf(&calls, "(call $%d)", len(names))
		names = append(names, name)
	}
	program := watModule(t, `(module `+onePage+functions.String()+`(func (export "_start") `+calls.String()+`))`)
	for _, engine := range wasm.Engines() {
		tk := task(t, program)
		tk.MemoryBytes = wasm.PageBytes
		r := runOn(t, engine, tk)
		require.Equal(t, manifest.ReasonExited, r.Reason, "%s on %s", r.Detail, engine)
	}
	_, err := underPlainInterpreter(t, program)
	require.NoError(t, err)
}

// onePage is a memory of one page.
const onePage = `(memory (export "memory") 1 1)`

func underPlainInterpreter(t *testing.T, program string) (wazero.Runtime, error) {
	t.Helper()
	r := wazero.NewRuntimeWithConfig(t.Context(), wazero.NewRuntimeConfigInterpreter())
	t.Cleanup(func() { require.NoError(t, r.Close(t.Context())) })
	binary, err := os.ReadFile(program)
	require.NoError(t, err)
	_, err = r.Instantiate(t.Context(), binary)
	return r, err
}

// TestTheExecutorNeedsNoC checks that no package below the executor uses C. Without the tag
// wasmtime, the executor therefore builds for every platform that its engine supports.
func TestTheExecutorNeedsNoC(t *testing.T) {
	list := exec.CommandContext(t.Context(), "go", "list", "-deps", "-f", "{{if and .CgoFiles (not .Standard)}}{{.ImportPath}}{{end}}", ".")
	list.Env = append(os.Environ(), "GOFLAGS=-buildvcs=false")
	text, err := list.CombinedOutput()
	require.NoError(t, err, string(text))
	require.Empty(t, strings.TrimSpace(string(text)))
}
