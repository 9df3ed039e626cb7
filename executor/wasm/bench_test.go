package wasm_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/executor/wasm"
)

// BenchmarkFuelPerSecond measures how fast a program uses up fuel, with arithmetic in a loop,
// and with calls, which pay for the counted stack.
func BenchmarkFuelPerSecond(b *testing.B) {
	for name, body := range map[string]string{
		"loop": `(func (export "_start") (local $i i32) (local $x i64) (loop $l
			(local.set $x (i64.mul (i64.add (local.get $x) (i64.const 7)) (i64.const 31)))
			(br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 50000000)))))`,
		"calls": `(func $fib (param i32) (result i32)
			(if (result i32) (i32.lt_u (local.get 0) (i32.const 2)) (then (local.get 0))
				(else (i32.add (call $fib (i32.sub (local.get 0) (i32.const 1))) (call $fib (i32.sub (local.get 0) (i32.const 2)))))))
			(func (export "_start") (drop (call $fib (i32.const 32))))`,
		"host calls": `(func (export "_start") (local $i i32) (loop $l
			(call $put (i32.const 1) (i32.const 64) (i32.const 1))
			(br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 100000)))))`,
		"fill": `(func (export "_start") (local $i i32) (loop $l
			(memory.fill (i32.const 0) (local.get $i) (i32.const 131072))
			(br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 10000)))))`,
	} {
		b.Run(name, func(b *testing.B) {
			program := watModule(b, "(module "+preamble+body+")")
			e, err := wasm.New(wasm.Config{Slots: 1})
			require.NoError(b, err)
			defer func() { require.NoError(b, e.Close()) }()
			for i := range b.N {
				tk := task(b, program)
				tk.Fuel = 1 << 60
				tk.ID = fmt.Sprint(i)
				require.NoError(b, e.Start(context.Background(), tk))
				r, err := e.Wait(context.Background(), tk.ID)
				require.NoError(b, err)
				require.Zero(b, r.ExitCode, r.Reason)
				b.ReportMetric(float64(r.FuelUsed)/r.WallTime.Seconds()/1e6, "Mfuel/s")
			}
		})
	}
}
