package tensors_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"math/bits"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/executor"
	"github.com/thetaedge/theta/executor/manifest"
	"github.com/thetaedge/theta/tensor"
)

// expectedTrace computes a trace as the pages of wasm/1 and tensor/1 describe it, without the
// executor.
func expectedTrace(key executor.Trace, folded []uint64, fuel uint64, memory []byte, t *tensor.Trace) executor.Trace {
	acc := binary.LittleEndian.Uint64(key[:8])
	for _, v := range folded {
		acc = bits.RotateLeft64((acc^v)*0x9e3779b97f4a7c15, 31)
	}
	text := append([]byte("theta/wasm/trace/1"), key[:]...)
	text = binary.LittleEndian.AppendUint64(text, acc)
	text = binary.LittleEndian.AppendUint64(text, fuel)
	first, second := sha256.Sum256(append(text, memory...)), t.Sum()
	return sha256.Sum256(slices.Concat([]byte("theta/tensor/run/1"), first[:], second[:]))
}

func TestATraceJoinsThatOfTheProgramAndThatOfTheTensors(t *testing.T) {
	first, other := sha256.Sum256([]byte("first")), sha256.Sum256([]byte("other"))
	multiply := gemm()
	const write = `(call $write (i32.const 1) (i64.const 0) (i32.const 64) (i32.const 16))`
	const submit = `(call $submit (i32.const 1024) (i32.const 1))`
	data := records(multiply) + `(data (i32.const 64) "\01\02\03\04\01\01\01\01\00\00\00\01\ff\00\00\00")`
	memory := make([]byte, 2<<16)
	copy(memory[64:], []byte{1, 2, 3, 4, 1, 1, 1, 1, 0, 0, 0, 1, 0xff})
	copy(memory[1024:], tensor.Encode(multiply))
	product := []int32{1 + 4 + 9 + 16, 1 + 2 + 3 + 4, 4, -1}
	for name, c := range map[string]struct {
		body    string
		fuel    uint64
		reason  executor.Reason
		folded  []uint64
		memory  []byte
		outputs [][]int32
	}{
		"exited":                      {body: pair + write + submit, reason: manifest.ReasonExited, folded: []uint64{3}, memory: memory, outputs: [][]int32{product}},
		"without tensors":             {body: ``, reason: manifest.ReasonExited, memory: memory},
		"twice, the tensors are zero": {body: pair + submit + submit, reason: manifest.ReasonExited, folded: []uint64{3}, memory: memory, outputs: [][]int32{make([]int32, 4), make([]int32, 4)}},
		"trapped":                     {body: pair + write + submit + `unreachable`, reason: manifest.ReasonTrapped, folded: []uint64{3}, outputs: [][]int32{product}},
		"a call trapped":              {body: pair + write + submit + `(call $free (i32.const 9))` + submit, reason: manifest.ReasonTrapped, folded: []uint64{3}, outputs: [][]int32{product}},
		"out of memory":               {body: pair + write + submit + `(drop (call $alloc (i32.const 2) (i64.const -1)))`, reason: manifest.ReasonOutOfMemory, folded: []uint64{3}, outputs: [][]int32{product}},
		"the second is too dear":      {body: pair + write + submit + submit, fuel: 130_000, reason: manifest.ReasonOutOfFuel, folded: []uint64{3}, outputs: [][]int32{product}},
	} {
		t.Run(name, func(t *testing.T) {
			tk := task(t, wat(t, data, c.body))
			tk.TraceKeys = []executor.Trace{first, other}
			if c.fuel > 0 {
				tk.Fuel = c.fuel
			}
			r := run(t, tk)
			require.Equal(t, c.reason, r.Reason, r.Detail)
			for i, key := range tk.TraceKeys {
				want := tensor.NewTrace(key)
				for _, output := range c.outputs {
					want.Fold(multiply, tensor.Checksum(want.Next(), 0, output))
				}
				require.Equal(t, expectedTrace(key, c.folded, r.FuelUsed, c.memory, want), r.Traces[i])
			}
		})
	}
}

func TestAProgramThatIsNotRunIsTraced(t *testing.T) {
	key := sha256.Sum256([]byte("key"))
	tk := task(t, program(t, module(t, `(module (func (export "start")))`)))
	tk.TraceKeys = []executor.Trace{key}
	r := run(t, tk)
	require.Equal(t, manifest.ReasonInvalidProgram, r.Reason)
	require.Equal(t, []executor.Trace{expectedTrace(key, nil, 0, nil, tensor.NewTrace(key))}, r.Traces)
}

func TestATraceChangesNoResult(t *testing.T) {
	tk := task(t, wat(t, records(gemm()), pair+`(call $submit (i32.const 1024) (i32.const 1)) (call $read (i32.const 2) (i64.const 0) (i32.const 64) (i32.const 16)) (call $put (i32.const 64) (i32.const 16))`))
	plain := run(t, tk)
	require.Empty(t, plain.Traces)
	require.True(t, bytes.Equal(make([]byte, 16), output(t, tk, "stdout")))
	tk.TraceKeys = []executor.Trace{{1}}
	traced := run(t, tk)
	require.Equal(t, plain.Manifest(), traced.Manifest())
	require.Equal(t, plain.FuelUsed, traced.FuelUsed)
	require.Len(t, traced.Traces, 1)
}
