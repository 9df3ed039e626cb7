package tensors_test

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/executor"
	"github.com/thetaedge/theta/tensor"
)

// interpreter makes the calls that the file /in/calls lists: 48 bytes each, a function and five
// arguments. It keeps the numbers that they answer from 2048 on, and writes them at the end.
const interpreter = `(data (i32.const 64) "calls")`

const interpret = `(local $at i32) (local $end i32) (local $fd i32) (local $kept i32)
	(local.set $fd (call $open (i32.const 64) (i32.const 5)))
	(i32.store (i32.const 0) (i32.const 65536)) (i32.store (i32.const 4) (i32.const 65536))
	(if (call $fd_read (local.get $fd) (i32.const 0) (i32.const 1) (i32.const 8)) (then unreachable))
	(local.set $at (i32.const 65536)) (local.set $end (i32.add (i32.const 65488) (i32.load (i32.const 8))))
	(local.set $kept (i32.const 2048))
	(loop $l
		(if (i32.gt_u (local.get $at) (local.get $end)) (then (call $put (i32.const 2048) (i32.sub (local.get $kept) (i32.const 2048))) (return)))
		(block $5 (block $4 (block $3 (block $2 (block $1 (block $0
			(br_table $0 $1 $2 $3 $4 $5 (i32.load (local.get $at))))
			(i32.store (local.get $kept) (call $alloc (i32.load offset=8 (local.get $at)) (i64.load offset=16 (local.get $at))))
			(local.set $kept (i32.add (local.get $kept) (i32.const 4)))
			(br $5))
			(call $free (i32.load offset=8 (local.get $at))) (br $5))
			(call $write (i32.load offset=8 (local.get $at)) (i64.load offset=16 (local.get $at)) (i32.load offset=24 (local.get $at)) (i32.load offset=32 (local.get $at))) (br $5))
			(call $read (i32.load offset=8 (local.get $at)) (i64.load offset=16 (local.get $at)) (i32.load offset=24 (local.get $at)) (i32.load offset=32 (local.get $at))) (br $5))
			(i32.store (local.get $kept) (call $load (i32.load offset=8 (local.get $at)) (i64.load offset=16 (local.get $at)) (i32.load offset=24 (local.get $at)) (i64.load offset=32 (local.get $at)) (i64.load offset=40 (local.get $at))))
			(local.set $kept (i32.add (local.get $kept) (i32.const 4)))
			(br $5))
		(if (i32.eq (i32.load (local.get $at)) (i32.const 5)) (then (call $submit (i32.load offset=8 (local.get $at)) (i32.load offset=16 (local.get $at)))))
		(local.set $at (i32.add (local.get $at) (i32.const 48)))
		(br $l))`

// callsOf turns bytes into calls, three of which are likely to be right.
func callsOf(seed []byte) []byte {
	numbers := []uint64{0, 1, 2, 3, 4, 5, 8, 16, 64, 99, 1024, 1184, 65_536, 131_064, 1 << 20, 1<<31 - 1, 1 << 32, 1<<63 - 1, 1<<64 - 4, 1<<64 - 1}
	var calls []byte
	add := func(function uint64, params ...uint64) {
		calls = binary.LittleEndian.AppendUint64(calls, function)
		for i := range 5 {
			var p uint64
			if i < len(params) {
				p = params[i]
			}
			calls = binary.LittleEndian.AppendUint64(calls, p)
		}
	}
	add(0, 2, 16)
	add(0, 4, 4)
	add(4, 6, 0, 1, 0, 16)
	for ; len(seed) >= 6 && len(calls) < 60_000; seed = seed[6:] {
		var params []uint64
		for _, b := range seed[1:6] {
			params = append(params, numbers[int(b)%len(numbers)])
		}
		add(uint64(seed[0]%6), params...)
	}
	return calls
}

// FuzzCalls compares the ends of programs that make any calls, on all engines and devices.
func FuzzCalls(f *testing.F) {
	program := wat(f, records(gemm(), gemm())+interpreter, interpret)
	f.Add([]byte{5, 10, 1, 0, 0, 0, 3, 2, 0, 8, 7, 0})
	f.Add([]byte{2, 1, 0, 8, 7, 0, 5, 10, 2, 0, 0, 0, 1, 1, 0, 0, 0, 0, 3, 2, 0, 8, 7, 0})
	f.Add([]byte{0, 14, 14, 0, 0, 0})
	f.Fuzz(func(t *testing.T, seed []byte) {
		path := filepath.Join(t.TempDir(), "calls")
		require.NoError(t, os.WriteFile(path, callsOf(seed), 0o600))
		tk := task(t, program)
		tk.Inputs = []executor.Input{{Name: "calls", Path: path}}
		tk.TraceKeys = []executor.Trace{{1}}
		r := run(t, tk)
		require.LessOrEqual(t, r.FuelUsed, tk.Fuel)
		require.GreaterOrEqual(t, r.FuelUsed, uint64(3*tensor.FuelLaunch))
	})
}
