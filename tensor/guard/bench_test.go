//go:build unix

package guard_test

import (
	"fmt"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/tensor"
	"github.com/thetaedge/theta/tensor/cpu"
	"github.com/thetaedge/theta/tensor/guard"
	"github.com/thetaedge/theta/tensor/tensortest"
)

// worked returns the processor time of this process. Other programs disturb it less than they do the clock.
func worked(b *testing.B) time.Duration {
	b.Helper()
	var use syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &use))
	return time.Duration(use.Utime.Nano() + use.Stime.Nano())
}

// stepOf prepares layers of a model of a billion weights for some rows, and returns a function that runs them
// on one core and returns their processor time.
func stepOf(b *testing.B, rows, layers uint32, guarded bool, keys ...[32]byte) func() time.Duration {
	b.Helper()
	var device tensor.Device = cpu.New(cpu.WithCores(1))
	if guarded {
		device = guard.New(device, guard.Config{})
	}
	b.Cleanup(func() { require.NoError(b, device.Close()) })
	session := tensor.NewSession(device, 4<<30, keys...)
	ops, tensors := tensortest.Billion().Layers(rows, layers)
	for _, t := range tensors {
		handle, err := session.Alloc(t.Shape)
		require.NoError(b, err)
		require.NoError(b, session.Write(handle, 0, t.Bytes))
	}
	submission, err := session.Check(tensor.Encode(ops...))
	require.NoError(b, err)
	step := func() time.Duration {
		began := worked(b)
		require.NoError(b, session.Run(submission))
		require.NoError(b, session.Wait())
		return worked(b) - began
	}
	step() // guards compare each kind of call once, and add up weights
	return step
}

// BenchmarkGuard measures what traces and guards add to steps of a language model, once all kinds of calls
// are known. Steps with and without take turns, and the median of their ratios counts.
func BenchmarkGuard(b *testing.B) {
	for rows, layers := range map[uint32]uint32{1: 4, 64: 1, 128: 1, 256: 1} {
		b.Run(fmt.Sprintf("rows=%d", rows), func(b *testing.B) {
			plain := stepOf(b, rows, layers, false)
			others := []func() time.Duration{
				stepOf(b, rows, layers, false, [32]byte{1}), stepOf(b, rows, layers, true), stepOf(b, rows, layers, true, [32]byte{1}),
			}
			ratios := make([][]float64, len(others))
			for b.Loop() {
				for i, other := range others {
					without := plain()
					ratios[i] = append(ratios[i], 100*(other().Seconds()/without.Seconds()-1))
				}
			}
			for i, name := range []string{"trace", "guards", "both"} {
				slices.Sort(ratios[i])
				b.ReportMetric(ratios[i][len(ratios[i])/2], name+"-%")
			}
		})
	}
}
