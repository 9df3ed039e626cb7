package tensor_test

import (
	"encoding/binary"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/tensor"
	"github.com/thetaedge/theta/tensor/ref"
	"github.com/thetaedge/theta/tensor/tensortest"
)

// draw returns a random case.
func draw(seed uint64, code tensor.Code) tensortest.Case {
	return tensortest.Draw(tensortest.NewSource(seed<<20+uint64(code)), code)
}

func TestEachOperationHasOneRecord(t *testing.T) {
	for _, code := range tensor.Codes() {
		for seed := range uint64(20) {
			op := draw(seed, code).Op
			require.Equal(t, code, op.Code())
			records := tensor.Encode(op, op)
			require.Len(t, records, 2*tensor.RecordBytes)
			ops, err := tensor.Decode(records)
			require.NoError(t, err)
			require.Equal(t, []tensor.Op{op, op}, ops)
		}
	}
}

// used returns the number of words that the records of an operation use.
func used(op tensor.Op) map[int]bool {
	words := map[int]bool{}
	for i := 2; i < tensor.RecordWords; i++ {
		records := tensor.Encode(op)
		binary.LittleEndian.PutUint32(records[4*i:], 1)
		if _, err := tensor.Decode(records); err == nil {
			words[i] = true
		}
	}
	return words
}

func TestWordsWithoutUseAreZero(t *testing.T) {
	for _, code := range tensor.Codes() {
		op := tensor.New(code)
		words := used(op)
		require.GreaterOrEqual(t, len(words), 3*len(tensor.Operands(op)), code)
		records := tensor.Encode(op)
		binary.LittleEndian.PutUint32(records[4:], 1)
		_, err := tensor.Decode(records)
		require.ErrorContains(t, err, "expected 0 in word 1, found 1")
		require.False(t, words[1])
	}
	// Gemm uses three operands and five parameters, of which the last is a flag.
	require.Len(t, used(&tensor.Gemm{}), 3*3+5)
	records := tensor.Encode(&tensor.Gemm{})
	binary.LittleEndian.PutUint32(records[4*24:], 2)
	_, err := tensor.Decode(records)
	require.ErrorContains(t, err, "in word 24, found 2")
}

func TestRecordsThatAreNoneAreRefused(t *testing.T) {
	for _, code := range []uint32{0, uint32(len(tensor.Codes()) + 1), 1 << 31} {
		records := tensor.Encode(&tensor.Gemm{}, &tensor.Gemm{})
		binary.LittleEndian.PutUint32(records[tensor.RecordBytes:], code)
		_, err := tensor.Decode(records)
		var trap *tensor.Trap
		require.ErrorAs(t, err, &trap)
		require.Equal(t, 1, trap.Record)
		require.Nil(t, tensor.New(tensor.Code(code)))
	}
	_, err := tensor.Decode(make([]byte, tensor.RecordBytes+1))
	require.ErrorContains(t, err, "expected records of 160 bytes, found 161 bytes")
	_, err = tensor.Decode(make([]byte, (tensor.MaxRecords+1)*tensor.RecordBytes))
	require.ErrorContains(t, err, "expected at most 65536 records")
	ops, err := tensor.Decode(nil)
	require.NoError(t, err)
	require.Empty(t, ops)
}

func TestEachCodeHasItsOwnName(t *testing.T) {
	names := map[string]bool{}
	for _, code := range tensor.Codes() {
		require.Equal(t, code, tensor.New(code).Code())
		names[code.String()] = true
	}
	require.Len(t, names, len(tensor.Codes()))
	require.Equal(t, "operation 99", tensor.Code(99).String())
}

// affordable bounds the work of a random record.
const affordable = 10_000_000

// requireNoHarm runs records on tensors with the shapes of a case if they may run, and fails if
// that panics or ends in an error.
func requireNoHarm(t *testing.T, c tensortest.Case, records []byte) (ran bool) {
	t.Helper()
	s := tensor.NewSession(ref.NewDevice(), 1<<30, [32]byte{1})
	for i, held := range c.Tensors {
		handle, err := s.Alloc(held.Shape)
		require.NoError(t, err)
		require.NoError(t, s.Write(handle, 0, c.Tensors[i].Bytes))
	}
	submission, err := s.Check(records)
	var trap *tensor.Trap
	if err != nil {
		require.True(t, errors.As(err, &trap), err)
		return false
	}
	if submission.Fuel > affordable {
		return false
	}
	require.NoError(t, s.Run(submission))
	_, err = s.Traces()
	require.NoError(t, err)
	return true
}

// Any record that validation accepts runs: it neither reads nor writes outside of its tensors.
func TestValidRecordsStayWithinTheirTensors(t *testing.T) {
	r := tensortest.NewSource(7)
	ran := 0
	for _, code := range tensor.Codes() {
		for seed := range uint64(150) {
			c := draw(seed, code)
			records := tensor.Encode(c.Op)
			for range 1 + r.Below(2) {
				word := 2 + r.Below(tensor.RecordWords-2)
				values := []uint32{0, 1, 2, 3, 4, 8, 0x7fffffff, 0x80000000, 0xffffffff, uint32(r.Uint64())}
				old := binary.LittleEndian.Uint32(records[4*word:])
				values = append(values, old+1, old-1, old+4, old-4, 2*old, old/2)
				binary.LittleEndian.PutUint32(records[4*word:], values[r.Below(uint32(len(values)))])
			}
			if requireNoHarm(t, c, records) {
				ran++
			}
		}
	}
	require.Greater(t, ran, 500)
}

// FuzzSubmission reads records of a stranger.
func FuzzSubmission(f *testing.F) {
	for _, code := range tensor.Codes() {
		f.Add(uint8(code), uint64(code), tensor.Encode(draw(1, code).Op))
	}
	f.Fuzz(func(t *testing.T, code uint8, seed uint64, records []byte) {
		if tensor.New(tensor.Code(code)) == nil {
			return
		}
		if ops, err := tensor.Decode(records); err == nil {
			require.Equal(t, records, append([]byte{}, tensor.Encode(ops...)...))
		}
		requireNoHarm(t, draw(seed, tensor.Code(code)), records)
	})
}
