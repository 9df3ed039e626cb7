package wasm_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bytecodealliance/wasmtime-go/v44"
	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/executor"
	"github.com/thetaedge/theta/executor/manifest"
	"github.com/thetaedge/theta/executor/wasm"
)

// valid returns modules that the profile accepts. Mutations begin with them.
func valid(t testing.TB) [][]byte {
	t.Helper()
	var modules [][]byte
	for _, text := range []string{
		`(module (func (export "_start")))`,
		"(module " + preamble + `(func (export "_start") (call $put (i32.const 1) (i32.const 64) (i32.const 5)))(data (i32.const 64) "hello"))`,
		`(module (memory (export "memory") 1 3) (func $f (param i32) (result i32) (if (result i32) (local.get 0)
			(then (call $f (i32.sub (local.get 0) (i32.const 1)))) (else (memory.grow (i32.const 1)))))
			(func (export "_start") (drop (call $f (i32.const 9)))))`,
		`(module (table 4 funcref) (global $g (mut i64) (i64.const 7)) (start $s) (func $s (global.set $g (i64.const 1)))
			(elem (i32.const 0) $s) (func (export "_start") (call_indirect (i32.const 0))))`,
		`(module (import "wasi_snapshot_preview1" "random_get" (func $r (param i32 i32) (result i32)))
			(memory (export "memory") 1) (func (export "_start") (drop (call $r (i32.const 0) (i32.const 8)))
			(v128.store (i32.const 16) (f32x4.add (v128.load (i32.const 0)) (v128.load (i32.const 0))))))`,
	} {
		module, err := wasmtime.Wat2Wasm(text)
		require.NoError(t, err)
		modules = append(modules, module)
	}
	return modules
}

// requireAgreed runs a program and asks Check about it. Either both must refuse the program,
// or neither.
func requireAgreed(t testing.TB, e executor.Executor, id, program string) bool {
	t.Helper()
	tk := task(t, program)
	tk.ID, tk.Fuel = id, 100_000
	require.NoError(t, e.Start(t.Context(), tk))
	result, runErr := e.Wait(t.Context(), tk.ID)
	require.NoError(t, e.Destroy(tk.ID))
	_, err := wasm.Check(program)
	var refusal *wasm.Refusal
	refused := errors.As(err, &refusal)
	if !refused {
		require.NoError(t, err)
	}
	ended := runErr == nil && result.Reason == manifest.ReasonInvalidProgram
	require.Equal(t, ended, refused, "executor: %s %s, %v; check: %v", result.Reason, result.Detail, runErr, err)
	if refused {
		require.Equal(t, result.Detail, refusal.Error())
		require.NotEmpty(t, refusal.Advice())
	}
	return refused
}

// mutate changes a byte of a module slightly, cuts the module, or doubles a part of it.
func mutate(r *rand.Rand, module []byte) []byte {
	out := append([]byte(nil), module...)
	at := r.IntN(len(out))
	switch r.IntN(12) {
	case 0:
		return out[:max(at, 1)]
	case 1:
		end := min(len(out), at+1+r.IntN(8))
		return append(out[:end:end], out[at:]...)
	case 2:
		out[at] = byte(r.IntN(256))
	default:
		out[at] ^= 1 << r.IntN(4)
	}
	return out
}

func TestEveryMutationIsRefusedBeforehandExactlyWhenTheExecutorRefusesIt(t *testing.T) {
	e := newExecutor(t, 1)
	defer func() { require.NoError(t, e.Close()) }()
	r := rand.New(rand.NewPCG(7, 11))
	modules, dir := valid(t), t.TempDir()
	refused := 0
	const rounds = 600
	for i := range rounds {
		program := filepath.Join(dir, "program.wasm")
		require.NoError(t, os.WriteFile(program, mutate(r, modules[i%len(modules)]), 0o600))
		if requireAgreed(t, e, fmt.Sprint(i), program) {
			refused++
		}
	}
	require.Greater(t, refused, rounds/20, "hardly a mutation is refused: the test sees one side only")
	require.Less(t, refused, rounds-rounds/20, "hardly a mutation is valid: the test sees one side only")
}

func TestAValidProgramIsNotRefusedBeforehand(t *testing.T) {
	e := newExecutor(t, 1)
	defer func() { require.NoError(t, e.Close()) }()
	for i, module := range valid(t) {
		require.False(t, requireAgreed(t, e, fmt.Sprint(i), binaryFile(t, module)))
	}
	found, err := wasm.Check(watModule(t, `(module (memory 3) (func (export "_start")))`))
	require.NoError(t, err)
	require.EqualValues(t, 3*wasm.PageBytes, found.MemoryBytes)
	require.Positive(t, found.Bytes)
}

func TestARefusalSaysWhatItFoundAndWhatToDo(t *testing.T) {
	e := newExecutor(t, 1)
	defer func() { require.NoError(t, e.Close()) }()
	for name, c := range map[string]struct {
		program string
		cause   wasm.Cause
		detail  string
		advice  string
	}{
		"a component":        {binaryFile(t, []byte("\x00asm\x0d\x00\x01\x00")), wasm.Component, "component", "wasm32-wasip1"},
		"a script":           {binaryFile(t, []byte("#!/bin/sh\n")), wasm.NoModule, `found "#!/b"`, "GOOS=wasip1"},
		"an empty file":      {binaryFile(t, nil), wasm.NoModule, `found ""`, "GOOS=wasip1"},
		"a later version":    {binaryFile(t, []byte("\x00asm\x02\x00\x00\x00")), wasm.Invalid, "version 1", "features"},
		"too large":          {binaryFile(t, make([]byte, wasm.MaxProgramBytes+1)), wasm.TooLarge, "33554432", "inputs"},
		"imports of Go's js": {watModule(t, `(module (import "gojs" "runtime.wasmExit" (func (param i32))) (func (export "run")))`), wasm.Imports, "gojs.runtime.wasmExit", "GOOS=wasip1"},
		"emscripten's env":   {watModule(t, `(module (import "env" "abort" (func)) (func (export "_start")))`), wasm.Imports, "env.abort", "browser"},
		"an imported memory": {watModule(t, `(module (import "env" "memory" (memory 1)) (func (export "_start")))`), wasm.Imports, "env.memory", "browser"},
		"a library":          {watModule(t, `(module (func (export "_initialize")))`), wasm.NoEntry, `"_start"`, "library"},
		"threads":            {watModule(t, `(module (memory 1 1 shared) (func (export "_start")))`), wasm.Invalid, "threads", "threads"},
		"a huge table":       {watModule(t, `(module (table 1048577 funcref) (func (export "_start")))`), wasm.Unsupported, "1048577", "wasm-1.md"},
	} {
		require.True(t, requireAgreed(t, e, strings.ReplaceAll(name, " ", "-"), c.program), name)
		_, err := wasm.Check(c.program)
		var refusal *wasm.Refusal
		require.ErrorAs(t, err, &refusal, name)
		require.Equal(t, c.cause, refusal.Cause, name)
		require.Contains(t, refusal.Detail, c.detail, name)
		require.Contains(t, refusal.Advice(), c.advice, name)
	}
	_, err := wasm.Check(filepath.Join(t.TempDir(), "absent"))
	require.ErrorIs(t, err, os.ErrNotExist)
	require.False(t, errors.As(err, new(*wasm.Refusal)))
}

func FuzzTheCheckAgreesWithTheExecutor(f *testing.F) {
	for _, module := range valid(f) {
		f.Add(module)
	}
	f.Add([]byte("\x00asm\x0d\x00\x01\x00"))
	f.Fuzz(func(t *testing.T, module []byte) {
		if len(module) > 16<<10 {
			t.Skip("compiling takes long")
		}
		e, err := wasm.New(wasm.Config{Slots: 1})
		require.NoError(t, err)
		defer func() { require.NoError(t, e.Close()) }()
		requireAgreed(t, e, "fuzz", binaryFile(t, module))
	})
}
