package meter

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// shapes returns the bodies of functions with large frames, by the kind of value that fills
// them. In most of them the frame is close to what its units stand for.
func shapes() map[string]string {
	const (
		many                     = 100
		loadL, storeL            = "(local.set %d (i64.load (i32.const 8)))", "(i64.store (i32.const 8) (local.get %d))"
		loadV, storeV            = "(local.set %d (v128.load (i32.const 16)))", "(v128.store (i32.const 16) (local.get %d))"
		condition, again         = "(i32.load (i32.const 4))", "(br_if $l (i32.load (i32.const 4)))"
		three                    = " (i32.load (i32.const 4)) (i32.load (i32.const 4)) (i32.load (i32.const 4)))"
		loadI, throughI, address = "(local.set %d (i32.load (i32.const 4)))", "(i32.store (local.get %d) (i32.const 1))", 40
	)
	rep := strings.Repeat
	locals := func(n int, kind string) string { return "(local " + rep(kind+" ", n) + ")" }
	turn := func(n int) string { return each(0, n, "(local.get %d)") + each(0, n, "(local.set %d)") }
	around := func(n int, kind, load, body, store string) string {
		return locals(n, kind) + each(0, n, load) + body + each(0, n, store)
	}
	between := func(n int, kind, load, body, store string) string {
		return locals(n, kind) + rep(each(0, n, load)+body+each(0, n, store), many)
	}
	return map[string]string{
		"integers stay in a loop":  around(24, "i64", loadL, "(loop $l "+rep(again, many)+turn(24)+again+")", storeL),
		"vectors stay in a loop":   around(24, "v128", loadV, "(loop $l "+rep(again, many)+turn(24)+again+")", storeV),
		"integers turn in a loop":  around(12, "i64", loadL, "(loop $l "+rep(turn(12)+again, many)+")", storeL),
		"vectors turn in a loop":   around(4, "v128", loadV, "(loop $l "+rep(turn(4)+again, many)+")", storeV),
		"a table leads to a loop":  around(8, "v128", loadV, "(loop (if "+condition+" (then "+turn(8)+"(br_table "+rep("1 ", many)+condition+"))))", storeV),
		"a loop has parameters":    locals(6, "v128") + each(0, 6, "(v128.load (i32.const %d))") + "(loop $l (param " + rep("v128 ", 6) + ")" + rep(turn(6)[len(each(0, 6, "(local.get %d)")):]+each(0, 6, "(local.get %d)")+again, many) + rep("(drop)", 6) + ")",
		"globals after a call":     "(call $f) (global.set 0 (v128.const i64x2 3 4)) (v128.const i64x2 0 0)" + each(0, 400, "(v128.xor (global.get %d))") + "(global.set 1)",
		"globals, twice":           rep("(v128.const i64x2 0 0)"+each(0, 400, "(v128.xor (global.get %d))")+"(global.set 1)", 2),
		"addresses":                locals(address, "i32") + each(0, address, loadI) + rep("(call $f)"+rep(each(0, address, throughI), 2), 20),
		"divisions":                between(2, "i64", loadL, "(i64.store (i32.const 0) (i64.div_u (i64.load (i32.const 8)) (i64.load (i32.const 8))))", storeL),
		"shifts":                   between(2, "i64", loadL, "(i64.store (i32.const 0) (i64.shl (i64.load (i32.const 8)) (i64.load (i32.const 8))))", storeL),
		"magnitudes of vectors":    between(7, "v128", loadV, "(v128.store (i32.const 0) (i64x2.abs (v128.load (i32.const 8))))", storeV),
		"what a call passes":       rep("(call $seven "+each(0, 7, "(i64.load (i32.const %d))")+")", many),
		"what does not fit a call": "(call $wide " + rep("(i64.const 1)", 400) + ")",
		"more than registers":      between(16, "i64", loadL, "", storeL),
		"calls":                    between(1, "i64", loadL, "(call $f)", storeL),
		"references":               between(5, "i64", loadL, "(drop (ref.func $f))", storeL),
		"memory.copy":              rep("(memory.copy"+three, many),
		"memory.fill":              rep("(memory.fill"+three, many),
		"memory.init":              rep("(memory.init 0"+three, many),
		"table.copy":               rep("(table.copy"+three, many),
		"table.init":               rep("(table.init 0"+three, many),
		"table.fill":               rep("(table.fill "+condition+" (table.get "+condition+") "+condition+")", many),
	}
}

// TestEachKindOfValueIsChargedFor checks functions whose frames consist of one kind of value.
// The fixed part of the units must not be enough for any of them, or the test would not notice
// if the kind were not counted.
func TestEachKindOfValueIsChargedFor(t *testing.T) {
	const around = `(module (memory 1) (table 4 funcref) (data "abc") (elem func $f) %globals (func $f (export "_start") %body (call $f))
		(func $seven (param %seven)) (func $wide (param %wide)))`
	for name, body := range shapes() {
		t.Run(name, func(t *testing.T) {
			wasm := assembled(t, strings.NewReplacer("%globals", strings.Repeat("(global (mut v128) (v128.const i64x2 0 0))", 400),
				"%body", body, "%seven", strings.Repeat("i64 ", 7), "%wide", strings.Repeat("i64 ", 400)).Replace(around))
			m, err := Read(wasm)
			require.NoError(t, err)
			metered, err := m.Rewrite(MaxTraces)
			require.NoError(t, err)
			b, size := bodies(t, wasm)[0], frames(t, metered.Wasm)[0]
			require.LessOrEqual(t, float64(size), nativePerUnit*float64(b.units()))
			fixed := FrameUnits + len(b.raw)/CodeBytesPerUnit
			require.Greater(t, float64(size), nativePerUnit*float64(fixed), "this function does not need a charge")
			t.Logf("%d bytes, the room is %.2f times that", size, nativePerUnit*float64(b.units())/float64(size))
		})
	}
}
