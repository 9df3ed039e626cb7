package meter

import (
	"context"
	"encoding/binary"
	"errors"
	"slices"
	"testing"

	"github.com/bytecodealliance/wasmtime-go/v44"
	"github.com/stretchr/testify/require"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
)

// judges are engines that decide which modules are valid, in addition to the validator.
type judges struct {
	wasmtime *wasmtime.Engine
	wazero   wazero.Runtime
}

func newJudges() judges {
	config := wazero.NewRuntimeConfigInterpreter().WithCoreFeatures(api.CoreFeaturesV2)
	return judges{newEngine(), wazero.NewRuntimeWithConfig(context.Background(), config)}
}

func (j judges) onWazero(wasm []byte) error {
	module, err := j.wazero.CompileModule(context.Background(), wasm)
	if err != nil {
		return err
	}
	return module.Close(context.Background())
}

// requireAlike requires that every engine accepts a module that the validator accepts, before
// and after it is rewritten, and that at least one engine refuses a module that the validator
// calls invalid. Each engine accepts some modules that the specification does not allow, but
// not the same ones. requireAlike reports whether the module is valid.
func (j judges) requireAlike(t testing.TB, wasm []byte) bool {
	t.Helper()
	m, err := rewrite(wasm)
	if err == nil {
		require.NoError(t, wasmtime.ModuleValidate(j.wasmtime, wasm), "%x", wasm)
		require.NoError(t, wasmtime.ModuleValidate(j.wasmtime, m.Wasm), "%x", wasm)
		if !nameless(wasm) {
			require.NoError(t, j.onWazero(m.Wasm), "%x", wasm)
		}
		return true
	}
	if errors.Is(err, ErrUnsupported) {
		return false
	}
	require.ErrorIs(t, err, ErrInvalid)
	if wasmtime.ModuleValidate(j.wasmtime, wasm) == nil {
		require.Error(t, j.onWazero(wasm), "refused with %v: %x", err, wasm)
	}
	return false
}

// nameless reports whether a module imports from a module without a name. wazero does not
// accept such imports, and the profile accepts imports only from WASI.
func nameless(wasm []byte) bool {
	m, err := Read(wasm)
	return err == nil && slices.ContainsFunc(m.Imports(), func(i Import) bool { return i.Module == "" })
}

// section is a section of a module, or a body of its code.
type section struct {
	id      byte
	content []byte
}

// split takes a module apart, into its sections without the code, and its bodies.
func split(t testing.TB, wasm []byte) (sections []section, bodies [][]byte) {
	t.Helper()
	r := &reader{b: wasm, pos: 8}
	for !r.done() {
		s := section{id: r.byte()}
		s.content = r.bytes(r.u32())
		if s.id == sectionCode {
			code := &reader{b: s.content}
			for n := code.u32(); n > 0; n-- {
				bodies = append(bodies, code.bytes(code.u32()))
			}
			require.NoError(t, code.err)
		}
		sections = append(sections, s)
	}
	require.NoError(t, r.err)
	return sections, bodies
}

// joined puts a module together. It uses content in one place, instead of a section or a body.
func joined(sections []section, bodies [][]byte, place int, content []byte) []byte {
	out := []byte("\x00asm\x01\x00\x00\x00")
	for i, s := range sections {
		switch {
		case i == place:
			s.content = content
		case s.id == sectionCode:
			s.content = appendU32(nil, uint32(len(bodies)))
			for k, body := range bodies {
				if len(sections)+k == place {
					body = content
				}
				s.content = append(appendU32(s.content, uint32(len(body))), body...)
			}
		}
		out = append(append(out, s.id), appendU32(nil, uint32(len(s.content)))...)
		out = append(out, s.content...)
	}
	return out
}

// grounds has at least one item of each kind that an instruction may name.
const grounds = `(module
	(type $two (func (param i32 i64) (result f32 f64))) (type (func (param externref) (result externref)))
	(import "m" "f" (func (param i32)))
	(func $f) (func $g (param i32 i64 f32 f64 v128 funcref externref) (local i32 i64)) (func (export "_start"))
	(table 4 10 funcref) (table 1 externref) (table 2 funcref)
	(memory 1 4)
	(global i32 (i32.const 1)) (global (mut i64) (i64.const 1)) (global (mut externref) (ref.null extern)) (global funcref (ref.func $f))
	(elem func $f $g) (elem externref (ref.null extern)) (elem declare func $g) (elem (table 2) (i32.const 0) funcref (ref.null func))
	(data "one") (data (i32.const 5) "two"))`

// TestEveryInstructionIsValidForAllOrForNone puts instructions after unreachable. There an
// instruction finds any operands that it needs, so that only the instruction itself and the
// items that it names determine whether the code is valid.
func TestEveryInstructionIsValidForAllOrForNone(t *testing.T) {
	judges := newJudges()
	sections, bodies := split(t, assembled(t, grounds))
	codes := [][]byte{}
	for op := range 256 {
		codes = append(codes, []byte{byte(op)})
	}
	for sub := range uint64(300) {
		code := binary.AppendUvarint(nil, sub)
		codes = append(codes, append([]byte{opBulk}, code...), append([]byte{opSIMD}, code...))
	}
	// The second opcode is a number, which has longer forms.
	codes = append(codes, []byte{opBulk, 0x80, 0}, []byte{opBulk, 0x8a, 0x80, 0}, []byte{opSIMD, 0x8c, 0x80, 0x80, 0x80, 0},
		[]byte{opSIMD, 0x8c, 0x80, 0x80, 0x80, 0x80, 0}, []byte{opSIMD, 0x81, 0x81, 0x80, 0x80, 0x10})
	vector := make([]byte, 16)
	immediates := [][]byte{
		{},
		{0},
		{1},
		{2},
		{3},
		{4},
		{6},
		{0x7f},
		{0x70},
		{0x6f},
		{0x40},
		{0, 0},
		{0, 1},
		{1, 0},
		{1, 1},
		{2, 0},
		{0, 2},
		{3, 0},
		{4, 0},
		{5, 0},
		{1, 0x7f},
		{1, 0x6f},
		{1, 0x7b},
		{2, 0x7f, 0x7f},
		{0x81, 0},
		{0x80, 0},
		{0x80, 0x80, 0x80, 0x80, 0},
		{0x80, 0x80, 0x80, 0x80, 0x80, 0},
		{0xff, 0xff, 0xff, 0xff, 0x0f},
		{0xff, 0xff, 0xff, 0xff, 0x1f},
		{0xff, 0xff, 0xff, 0xff, 0x7f},
		{0xff, 0xff, 0xff, 0xff, 0x4f},
		{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f},
		{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x3f},
		{0, 0x80, 0},
		{0x80, 0, 0},
		{0, 0xff, 0xff, 0xff, 0xff, 0x0f},
		{0, 0xff, 0xff, 0xff, 0xff, 0x1f},
		{0, 0x80, 0x80, 0x80, 0x80, 0x10},
		{0, 0, 0},
		{0, 0, 1},
		{0, 0, 2},
		{0, 0, 7},
		{0, 0, 15},
		{0, 0, 16},
		{0, 0, 0x80, 0},
		{1, 0, 0},
		{0x40, 0},
		{0x41, 0, 0},
		{0x40, 0, 0, 0},
		{0, 0, 0, 0},
		vector[:8], vector, append(vector[:15:15], 31), append(vector[:15:15], 32),
	}
	valid := 0
	for _, code := range codes {
		for _, immediate := range immediates {
			body := append(append([]byte{0, opUnreachable}, code...), immediate...)
			if op := code[0]; op >= opBlock && op <= opElse {
				body = append(body, opUnreachable, opEnd)
			}
			if judges.requireAlike(t, joined(sections, bodies, len(sections)+1, append(body, opUnreachable, opEnd))) {
				valid++
			}
		}
	}
	t.Logf("%d instructions with their operands are valid", valid)
	require.Greater(t, valid, 1000)
}

// FuzzRewriteKeepsModulesValid checks that no input makes the rewriting panic, that the
// modules that it accepts are valid for all engines, and that those that it refuses are not.
func FuzzRewriteKeepsModulesValid(f *testing.F) {
	f.Add(assembled(f, everything))
	f.Add(assembled(f, `(module (func (export "_start")))`))
	f.Add([]byte("\x00asm\x01\x00\x00\x00\x01\xff\xff\xff\xff\x0f"))
	judges := newJudges()
	f.Fuzz(func(t *testing.T, wasm []byte) { judges.requireAlike(t, wasm) })
}

// FuzzSectionsAndBodiesAreValidForAllOrForNone changes one section, or one function, of a
// valid module, so that the lengths around it stay correct.
func FuzzSectionsAndBodiesAreValidForAllOrForNone(f *testing.F) {
	judges := newJudges()
	var sections [][]section
	var bodies [][][]byte
	for i, text := range []string{everything, grounds} {
		s, b := split(f, assembled(f, text))
		sections, bodies = append(sections, s), append(bodies, b)
		for place, part := range s {
			f.Add(i, place, part.content)
		}
		for k, body := range b {
			f.Add(i, len(s)+k, body)
		}
	}
	f.Fuzz(func(t *testing.T, module, place int, content []byte) {
		if module < 0 || module >= len(sections) || len(content) > 4096 {
			return
		}
		judges.requireAlike(t, joined(sections[module], bodies[module], place, content))
	})
}
