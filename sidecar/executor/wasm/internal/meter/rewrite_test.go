package meter

import (
	"testing"

	"github.com/bytecodealliance/wasmtime-go/v40"
	"github.com/stretchr/testify/require"
)

func binary(t testing.TB, text string) []byte {
	t.Helper()
	wasm, err := wasmtime.Wat2Wasm(text)
	require.NoError(t, err)
	return wasm
}

// everything uses each group of instructions that the decoder tells apart.
const everything = `(module
	(type $t (func (param i32) (result i32)))
	(import "m" "f" (func $imported (param i32)))
	(table $tab 4 10 funcref) (table $ext 1 externref)
	(memory 1 4)
	(global $g (mut i64) (i64.const -5))
	(elem $seg func $deep) (elem (table $tab) (i32.const 0) func $deep)
	(data $d "hello")
	(start $begin)
	(func $begin)
	(func $deep (type $t) (local i32 i64 f32 f64 v128 funcref)
		(block (result i32) (loop (br_if 0 (i32.const 0))) (i32.const 1)
			(br_table 0 0 (i32.const 1) (local.get 0)))
		drop
		(if (result i32) (local.get 0) (then (i32.const -100000)) (else (i32.const 7)))
		drop
		(drop (i64.const 0x7fffffffffffffff)) (drop (f32.const 1.5)) (drop (f64.const 2.5))
		(drop (select (result i32) (i32.const 1) (i32.const 2) (i32.const 3)))
		(drop (select (i32.const 1) (i32.const 2) (i32.const 3)))
		(drop (ref.is_null (ref.null func))) (drop (ref.func $deep))
		(table.set $tab (i32.const 1) (table.get $tab (i32.const 0)))
		(drop (table.grow $tab (ref.null func) (i32.const 1)))
		(table.fill $tab (i32.const 0) (ref.null func) (i32.const 1))
		(table.copy $tab $tab (i32.const 0) (i32.const 1) (i32.const 1))
		(table.init $tab $seg (i32.const 0) (i32.const 0) (i32.const 1)) (elem.drop $seg)
		(drop (table.size $tab))
		(memory.init $d (i32.const 0) (i32.const 0) (i32.const 5)) (data.drop $d)
		(memory.fill (i32.const 0) (i32.const 1) (i32.const 100))
		(memory.copy (i32.const 0) (i32.const 1) (i32.const 100))
		(drop (memory.size)) (drop (memory.grow (i32.const 1)))
		(i64.store32 offset=65535 (i32.const 0) (i64.load8_s (i32.const 0)))
		(drop (i32.extend8_s (i32.const 200))) (drop (i64.trunc_sat_f64_u (f64.const 1e30)))
		(v128.store (i32.const 0) (v128.load8_splat (i32.const 0)))
		(drop (v128.load32_lane 1 (i32.const 0) (v128.const i32x4 1 2 3 4)))
		(drop (v128.load64_zero (i32.const 0)))
		(drop (i8x16.shuffle 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 (local.get 5) (local.get 5)))
		(drop (f32x4.replace_lane 2 (local.get 5) (f32.const 1)))
		(drop (i32x4.dot_i16x8_s (local.get 5) (local.get 5)))
		(drop (f64x2.pmax (local.get 5) (local.get 5)))
		(call $imported (i32.const 3))
		(global.set $g (i64.const 1))
		(call_indirect $tab (type $t) (i32.const 1) (i32.const 0))
		return)
	(func (export "_start") (drop (call $deep (i32.const 1))) nop))`

func TestRewrittenModuleIsValid(t *testing.T) {
	engine := wasmtime.NewEngine()
	defer engine.Close()
	for name, text := range map[string]string{
		"everything": everything,
		"least":      `(module (func (export "_start")))`,
		"calls only": `(module (func $f (param i32 i64 f32) (result i32 i64) (call $f (local.get 0) (local.get 1) (local.get 2))) (func (export "_start")))`,
	} {
		wasm := binary(t, text)
		require.NoError(t, wasmtime.ModuleValidate(engine, wasm), name)
		m, err := Rewrite(wasm)
		require.NoError(t, err, name)
		require.NoError(t, wasmtime.ModuleValidate(engine, m.Wasm), name)
	}
}

func TestRewritingReportsMemoryAndStart(t *testing.T) {
	m, err := Rewrite(binary(t, everything))
	require.NoError(t, err)
	require.Equal(t, uint32(1), m.MemoryPages)
	require.Equal(t, uint32(4), m.MaxPages)
	require.True(t, m.HasStart)
}

func TestRewritingDependsOnNothingElse(t *testing.T) {
	wasm := binary(t, everything)
	first, err := Rewrite(wasm)
	require.NoError(t, err)
	for range 20 {
		again, err := Rewrite(wasm)
		require.NoError(t, err)
		require.Equal(t, first.Wasm, again.Wasm)
	}
}

func TestFunctionsWithoutCallsAreNotCounted(t *testing.T) {
	leaf, err := Rewrite(binary(t, `(module (func $f) (func (export "_start") (drop (i32.const 1))))`))
	require.NoError(t, err)
	calls, err := Rewrite(binary(t, `(module (func $f) (func (export "_start") (call $f)))`))
	require.NoError(t, err)
	added := func(m Module) int {
		parsed, err := parse(m.Wasm)
		require.NoError(t, err)
		return len(parsed.functions) - 2
	}
	require.Equal(t, 3, added(leaf))
	require.Equal(t, 4, added(calls))
}

// FuzzRewrite checks that no input makes the rewriting panic, and that what an
// engine accepts stays acceptable to it.
func FuzzRewriteKeepsModulesValid(f *testing.F) {
	f.Add(binary(f, everything))
	f.Add(binary(f, `(module (func (export "_start")))`))
	f.Add([]byte("\x00asm\x01\x00\x00\x00\x01\xff\xff\xff\xff\x0f"))
	engine := wasmtime.NewEngine()
	f.Fuzz(func(t *testing.T, wasm []byte) {
		m, err := Rewrite(wasm)
		if err != nil {
			require.ErrorIs(t, err, ErrUnsupported)
			return
		}
		if wasmtime.ModuleValidate(engine, wasm) == nil {
			require.NoError(t, wasmtime.ModuleValidate(engine, m.Wasm))
		}
	})
}
