package cpu_test

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/tensor"
	"github.com/thetaedge/theta/tensor/cpu"
)

// resident returns the memory of this process that it shares with no other, in bytes.
func resident(t *testing.T) int64 {
	t.Helper()
	text, err := os.ReadFile("/proc/self/statm")
	require.NoError(t, err)
	var all, pages, shared int64
	_, err = fmt.Sscan(string(text), &all, &pages, &shared)
	require.NoError(t, err)
	return (pages - shared) * int64(os.Getpagesize())
}

// A task that gives up tensors and makes others takes no more memory than it may.
func TestTheMemoryOfATensorIsGivenBackAtOnce(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux says how much memory a process uses")
	}
	const size = 32 << 20
	d := cpu.New(cpu.WithCores(1))
	content := bytes.Repeat([]byte{1}, size)
	runtime.GC()
	before, most := resident(t), int64(0)
	for i := range 10 {
		types := []tensor.Type{tensor.S4, tensor.S8, tensor.S16, tensor.S32, tensor.Scales}
		kind := types[i%len(types)]
		b, err := d.New(tensor.Shape{Type: kind, Count: size * 8 / kind.Bits()})
		require.NoError(t, err)
		got := make([]byte, 4096)
		require.NoError(t, b.Read(size-4096, got))
		require.Equal(t, make([]byte, 4096), got, "a new tensor holds zeros")
		require.NoError(t, b.Write(0, content))
		require.NoError(t, b.Read(size-4096, got))
		require.Equal(t, content[:4096], got)
		most = max(most, resident(t)-before)
		require.NoError(t, b.Free())
	}
	require.Less(t, most, int64(size+16<<20))
	require.Less(t, resident(t)-before, int64(16<<20))
}

func TestMemoryThatAMachineDoesNotHaveIsAnError(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("systems differ in what they promise")
	}
	d := cpu.New()
	defer func() { require.NoError(t, d.Close()) }()
	var err error
	for range 300 { // the addresses of a process end at 2^47 or 2^48
		if _, err = d.New(tensor.Shape{Type: tensor.S8, Count: 1 << 40}); err != nil {
			break
		}
	}
	require.ErrorContains(t, err, "memory for a tensor of 1099511627776 bytes")
}
