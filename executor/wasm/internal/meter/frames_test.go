package meter

import (
	"encoding/binary"
	"math"
	"reflect"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
)

// frames compiles a module with wazero and returns, for each function that the module defines,
// the number of bytes by which the native stack grows for each call that is open: the frame,
// what is passed in it to the function that it calls, and the return address. wazero writes
// this number into the check of the stack at the start of each function.
func frames(t testing.TB, wasm []byte) []int64 {
	t.Helper()
	if runtime.GOARCH != "amd64" {
		t.Skip("the frames are read from code for x86-64")
	}
	ctx := t.Context()
	r := wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfigCompiler().WithCoreFeatures(api.CoreFeaturesV2).WithDebugInfoEnabled(false))
	defer r.Close(ctx)
	compiled, err := r.CompileModule(ctx, wasm)
	require.NoError(t, err)
	modules := reflect.ValueOf(compiled).Elem().FieldByName("compiledEngine").Elem().Elem().FieldByName("compiledModules")
	require.Equal(t, 1, modules.Len())
	all := modules.MapRange()
	require.True(t, all.Next())
	module := all.Value().Elem().FieldByName("compiledModule").Elem()
	code := module.FieldByName("executables").Elem().FieldByName("executable").Bytes()
	offsets := module.FieldByName("functionOffsets")
	sizes := make([]int64, offsets.Len())
	for i := range sizes {
		sizes[i] = required(t, code[offsets.Index(i).Int():])
	}
	return sizes
}

// required returns the number of bytes for which a function checks the stack, without the parts
// that do not stay on the stack while it calls another function.
func required(t testing.TB, code []byte) int64 {
	t.Helper()
	// push rbp; mov rbp, rsp; sub rsp, the number of bytes
	const begin, short, long = "\x55\x48\x89\xe5", "\x48\x83\xec", "\x48\x81\xec"
	require.Equal(t, begin, string(code[:len(begin)]))
	code = code[len(begin):]
	const checked = 32 // a part for the check itself, and the return address and base of this frame
	if string(code[:len(short)]) == short {
		return int64(code[len(short)]) - checked
	}
	require.Equal(t, long, string(code[:len(long)]))
	return int64(binary.LittleEndian.Uint32(code[len(long):])) - checked
}

// nativePerUnit is the number of bytes of native stack for each unit of the counted stack: the
// engine has 256 MiB for 80 MiB.
const nativePerUnit = float64(256) / 80

// TestNoFrameIsLargerThanWhatItIsChargedFor compares the units of random functions with the
// frames that wazero makes of them.
func TestNoFrameIsLargerThanWhatItIsChargedFor(t *testing.T) {
	least, of := math.Inf(1), uint64(0)
	for seed := range uint64(*modules) {
		wasm := crowded(seed)
		m, err := Read(wasm)
		require.NoError(t, err)
		metered, err := m.Rewrite(MaxTraces)
		require.NoError(t, err, "module %d", seed)
		b := bodies(t, wasm)[0]
		size := frames(t, metered.Wasm)[0]
		room := nativePerUnit * float64(b.units())
		require.LessOrEqual(t, float64(size), room, "module %d: %d bytes", seed, size)
		if room/float64(size) < least {
			least, of = room/float64(size), seed
		}
	}
	t.Logf("module %d has the least room, %.2f times its frame", of, least)
}
