package bigstack_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tetratelabs/wazero"

	"github.com/thetaedge/theta/executor/wasm/internal/bigstack"
	"github.com/thetaedge/theta/executor/wasm/internal/linear"
)

// down is a module that exports "down", which calls itself as often as its parameter
// says: (func $down (export "down") (param i64) (result i64) (if (result i64) (i64.eqz
// (local.get 0)) (then (i64.const 1)) (else (i64.add (local.get 0) (call $down (i64.sub
// (local.get 0) (i64.const 1)))))))
var down = []byte("\x00asm\x01\x00\x00\x00" +
	"\x01\x06\x01\x60\x01\x7e\x01\x7e" +
	"\x03\x02\x01\x00" +
	"\x07\x08\x01\x04down\x00\x00" +
	"\x0a\x17\x01\x15\x00\x20\x00\x50\x04\x7e\x42\x01\x05\x20\x00\x20\x00\x42\x01\x7d\x10\x00\x7c\x0b\x0b")

// TestAFunctionUsesAllOfTheStackThatItIsGiven checks that a function continues to the end of
// the given stack. wazero alone gives up earlier, at a depth that depends on its first frames.
func TestAFunctionUsesAllOfTheStackThatItIsGiven(t *testing.T) {
	ctx := t.Context()
	r := wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfigCompiler())
	defer r.Close(ctx)
	m, err := r.Instantiate(ctx, down)
	require.NoError(t, err)
	f := m.ExportedFunction("down")
	// This needs more than 100 MB, the most that a function can have with wazero alone: each
	// call takes at least 32 bytes.
	const calls = 3_500_000
	_, err = f.Call(ctx, calls)
	require.ErrorContains(t, err, "stack overflow")

	const size = 256 << 20
	stack, err := linear.Reserve(size)
	require.NoError(t, err)
	defer stack.Free()
	f = m.ExportedFunction("down")
	require.NoError(t, bigstack.Give(f, stack.Reallocate(size)))
	results, err := f.Call(ctx, calls)
	require.NoError(t, err)
	require.EqualValues(t, calls*(calls+1)/2+1, results[0])
	_, err = f.Call(ctx, 100*calls)
	require.ErrorContains(t, err, "stack overflow")
	results, err = f.Call(ctx, 3)
	require.NoError(t, err)
	require.EqualValues(t, 7, results[0])
}

func TestOnlyAFunctionOfTheCompilerTakesAStack(t *testing.T) {
	ctx := t.Context()
	r := wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfigInterpreter())
	defer r.Close(ctx)
	m, err := r.Instantiate(ctx, down)
	require.NoError(t, err)
	require.Error(t, bigstack.Give(m.ExportedFunction("down"), make([]byte, 64)))
}
