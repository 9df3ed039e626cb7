package meter

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/bytecodealliance/wasmtime-go/v44"
	"github.com/stretchr/testify/require"
)

// rewrite reads and rewrites a module.
func rewrite(wasm []byte) (Metered, error) {
	m, err := Read(wasm)
	if err != nil {
		return Metered{}, err
	}
	return m.Rewrite(MaxTraces)
}

func assembled(t testing.TB, text string) []byte {
	t.Helper()
	wasm, err := wasmtime.Wat2Wasm(text)
	require.NoError(t, err)
	return wasm
}

// everything uses each group of instructions that the decoder distinguishes.
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
	engine := newEngine()
	defer engine.Close()
	for name, text := range map[string]string{
		"everything": everything,
		"least":      `(module (func (export "_start")))`,
		"calls only": `(module (func $f (param i32 i64 f32) (result i32 i64) (call $f (local.get 0) (local.get 1) (local.get 2))) (func (export "_start")))`,
	} {
		wasm := assembled(t, text)
		require.NoError(t, wasmtime.ModuleValidate(engine, wasm), name)
		m, err := rewrite(wasm)
		require.NoError(t, err, name)
		require.NoError(t, wasmtime.ModuleValidate(engine, m.Wasm), name)
	}
}

func TestRewritingReportsMemoryAndStart(t *testing.T) {
	m, err := rewrite(assembled(t, everything))
	require.NoError(t, err)
	require.Equal(t, uint32(1), m.MemoryPages)
	require.Equal(t, uint32(4), m.MaxPages)
	require.True(t, m.HasStart)
}

func TestRewritingDependsOnNothingElse(t *testing.T) {
	wasm := assembled(t, everything)
	first, err := rewrite(wasm)
	require.NoError(t, err)
	for range 20 {
		again, err := rewrite(wasm)
		require.NoError(t, err)
		require.Equal(t, first.Wasm, again.Wasm)
	}
}

func TestFunctionsWithoutCallsDoNotCountTheStack(t *testing.T) {
	counts := func(text string) bool {
		m, err := Read(assembled(t, text))
		require.NoError(t, err)
		w := newRewriter(m, 0)
		body, err := w.function(funcType{}, m.bodies[len(m.bodies)-1])
		require.NoError(t, err)
		return bytes.Contains(body, appendU32([]byte{opGlobalSet}, w.globalStack))
	}
	require.False(t, counts(`(module (func $f) (func (export "_start") (drop (i32.const 1))))`))
	require.True(t, counts(`(module (func $f) (func (export "_start") (call $f)))`))
}

// frameBytes returns the bytes that the frame of a function with this body takes at most.
func frameBytes(t *testing.T, locals, body string) int64 {
	t.Helper()
	text := `(module (memory 1) (global $g (mut i64) (i64.const 0)) (func $f (export "_start") (local ` + locals + `) ` + body + `))`
	return bodies(t, assembled(t, text))[0].frameBytes()
}

func each(from, to int, do string) string {
	var text strings.Builder
	for i := from; i < to; i++ {
		text.WriteString(strings.ReplaceAll(do, "%d", fmt.Sprint(i)))
	}
	return text.String()
}

// TestAFrameIsChargedForWhatItKeeps checks that the cost of a frame depends on the values that
// it keeps, and hardly on the length of the code.
func TestAFrameIsChargedForWhatItKeeps(t *testing.T) {
	const load, store, call = "(local.set %d (i32.load (i32.const 0)))", "(i32.store (i32.const 0) (local.get %d))", "(call 0)"
	load0, store0 := each(0, 1, load), each(0, 1, store)
	branches := func(n int) string {
		return load0 + strings.Repeat("(if (i32.load (i32.const 0)) (then "+load0+"))", n) + call + store0
	}
	wide, wideStore := "(local.set 0 (v128.load (i32.const 0)))", "(v128.store (i32.const 0) (local.get 0))"
	for name, c := range map[string]struct {
		bytes        int64
		locals, body string
	}{
		"nothing outlives a call":               {0, "i32", strings.Repeat(load0+store0, 500) + call},
		"calls alone":                           {0, "i32", strings.Repeat(call, 500)},
		"one":                                   {4, "i32", load0 + call + store0},
		"two":                                   {8, "i32 i32", each(0, 2, load) + call + each(0, 2, store)},
		"two values of one local":               {8, "i32", strings.Repeat(load0+call+store0, 2)},
		"an i64":                                {8, "i64", "(local.set 0 (i64.load (i32.const 0)))" + call + "(i64.store (i32.const 0) (local.get 0))"},
		"a vector":                              {16, "v128", wide + call + wideStore},
		"an operand":                            {4, "i32", "(i32.load (i32.const 0))" + call + "(drop)"},
		"one value of two locals":               {4, "i32 i32", load0 + "(local.set 1 (local.get 0))" + call + each(0, 2, store)},
		"a local and an operand":                {4, "i32", "(local.tee 0 (i32.load (i32.const 0)))" + call + "(drop)" + store0},
		"constants, and what was never set":     {0, "i32 i32", "(local.set 0 (i32.const 7))" + call + each(0, 2, store)},
		"a loop may fetch fuel":                 {4, "i32", load0 + "(loop (br_if 0 (i32.load (i32.const 0))))" + store0 + call},
		"a loop that sets what it reads":        {0, "i32", "(loop " + load0 + store0 + call + "(br_if 0 (i32.const 1)))"},
		"a loop that reads what it set before":  {8, "i32", "(loop " + store0 + load0 + "(br_if 0 (i32.const 1)))" + call},
		"two values meet":                       {12, "i32", branches(1)},
		"many values meet":                      {4 * 101, "i32", branches(50)},
		"the same value on both ways":           {4, "i32", load0 + "(block (br_if 0 (i32.load (i32.const 0))) (drop (i32.load (i32.const 0))))" + store0 + call},
		"a reference":                           {4, "i32", load0 + "(drop (ref.func $f))" + store0 + call},
		"a division":                            {16, "i32", "(drop (i32.div_u (i32.load (i32.const 0)) (i32.load (i32.const 0))))" + call},
		"a shift":                               {8, "i32", "(drop (i32.shl (i32.load (i32.const 0)) (i32.load (i32.const 0))))" + call},
		"a shift by a constant":                 {0, "i32", "(drop (i32.shl (i32.load (i32.const 0)) (i32.const 3)))" + call},
		"a bulk instruction and where it leads": {8*bulkDisplaced + 4, "i32", "(memory.copy (i32.load (i32.const 0)) (i32.const 0) (i32.const 0))" + call},
		"a parameter of a loop":                 {8, "i32", "(i32.load (i32.const 0)) (loop (param i32) (drop))" + call},
		"a global with room for it":             {0, "i64", "(global.set $g (i64.add (global.get $g) (i64.const 1)))" + call},
	} {
		require.Equal(t, c.bytes, frameBytes(t, c.locals, c.body), name)
	}
}

// TestEverythingIsKeptWhereThereAreMoreValuesThanRegisters checks that whatever is live at a
// place with too many values is kept, and nothing else.
func TestEverythingIsKeptWhereThereAreMoreValuesThanRegisters(t *testing.T) {
	kept := func(locals int, body string) int {
		text := `(module (memory 1) (func (export "_start") (local ` + strings.Repeat("i32 ", locals) + `) ` + body + `))`
		return len(bodies(t, assembled(t, text))[0].keeping().kinds())
	}
	const set, get = "(local.set %d (i32.load (i32.const 0)))", "(i32.store (i32.const 0) (local.get %d))"
	few, more := RegisterInts-1, RegisterInts+4
	require.Zero(t, kept(few, each(0, few, set)+each(0, few, get)), "and the address")
	require.Equal(t, more, kept(more, each(0, more, set)+each(0, more, get)))
	require.Equal(t, more, kept(more, strings.Repeat(each(0, 1, set)+each(0, 1, get), 100)+each(0, more, set)+each(0, more, get)), "others before")
	short := strings.Repeat(each(0, 1, set)+each(0, 1, get), 100)
	require.Equal(t, 100+more, kept(more+1, each(1, more+1, set)+short+each(1, more+1, get)), "others in between")
}

// ofBody returns a module of one function without parameters and results.
func ofBody(instructions ...byte) []byte {
	body := append(append([]byte{0}, instructions...), opEnd)
	code := append([]byte{1, byte(len(body))}, body...)
	head := []byte("\x00asm\x01\x00\x00\x00\x01\x04\x01\x60\x00\x00\x03\x02\x01\x00\x07\x0a\x01\x06_start\x00\x00\x0a")
	return append(append(head, byte(len(code))), code...)
}

// TestNumbersThatAnEngineReadsAsBytesHaveOneForm checks that the number of a vector
// instruction, and the number of types of a select, must be in their shortest form. An engine
// that reads one byte there would run other instructions if the form were longer.
func TestNumbersThatAnEngineReadsAsBytesHaveOneForm(t *testing.T) {
	engine, value := newEngine(), make([]byte, 16)
	for _, c := range []struct {
		number []byte
		taken  bool
	}{{[]byte{12}, true}, {[]byte{0x8c, 0}, false}, {[]byte{0x8c, 0x80, 0}, false}, {[]byte{0x8c, 0x80, 0x80, 0x80, 0}, false}} {
		wasm := ofBody(append(append(append([]byte{opSIMD}, c.number...), value...), opDrop)...)
		require.NoError(t, wasmtime.ModuleValidate(engine, wasm), "%x", c.number)
		_, err := rewrite(wasm)
		if c.taken {
			require.NoError(t, err)
		} else {
			require.ErrorIs(t, err, ErrUnsupported, "%x", c.number)
		}
	}
	operands := []byte{opI32Const, 0, opI32Const, 0, opI32Const, 0, opSelectTyped}
	_, err := rewrite(ofBody(append(append([]byte{}, operands...), 1, typeI32, opDrop)...))
	require.NoError(t, err)
	long := ofBody(append(append([]byte{}, operands...), 0x81, 0, typeI32, opDrop)...)
	require.NoError(t, wasmtime.ModuleValidate(engine, long))
	_, err = rewrite(long)
	require.ErrorIs(t, err, ErrUnsupported)
}

// TestABlockTypeHasOneForm checks block types. In the format, some block types are a single
// byte. This byte is not a number, so it does not have longer forms.
func TestABlockTypeHasOneForm(t *testing.T) {
	engine := newEngine()
	module := func(blockType ...byte) []byte {
		return ofBody(append(append([]byte{opBlock}, blockType...), opUnreachable, opEnd, opUnreachable)...)
	}
	for _, blockType := range [][]byte{{blockVoid}, {0}, {0x80, 0}, {0x80, 0x80, 0x80, 0x80, 0}, {typeI32}, {typeV128}, {typeFuncref}, {typeExternref}} {
		require.NoError(t, wasmtime.ModuleValidate(engine, module(blockType...)), "%x", blockType)
		_, err := rewrite(module(blockType...))
		require.NoError(t, err, "%x", blockType)
	}
	for _, blockType := range [][]byte{
		{0xff, 0x7f}, {0xc0, 0x7f}, {0xff, 0xff, 0xff, 0xff, 0x7f}, {0xf0, 0x7f}, {0x41}, {0x7a}, {1}, {0x80, 0x80, 0x80, 0x80, 0x80, 0},
	} {
		require.Error(t, wasmtime.ModuleValidate(engine, module(blockType...)), "%x", blockType)
		_, err := rewrite(module(blockType...))
		require.ErrorIs(t, err, ErrInvalid, "%x", blockType)
	}
}

// newEngine returns an engine with the features of the profile.
func newEngine() *wasmtime.Engine {
	cfg := wasmtime.NewConfig()
	cfg.SetWasmRelaxedSIMD(false)
	cfg.SetWasmThreads(false)
	cfg.SetWasmTailCall(false)
	cfg.SetWasmMultiMemory(false)
	cfg.SetWasmMemory64(false)
	cfg.SetWasmFunctionReferences(false)
	cfg.SetWasmGC(false)
	cfg.SetWasmWideArithmetic(false)
	return wasmtime.NewEngineWithConfig(cfg)
}
