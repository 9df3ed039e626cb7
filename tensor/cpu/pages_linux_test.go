package cpu_test

import (
	"flag"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/tensor"
	"github.com/thetaedge/theta/tensor/cpu"
	"github.com/thetaedge/theta/tensor/ref"
	"github.com/thetaedge/theta/tensor/tensortest"
)

// fenced is a device whose tensors end where a page ends, or begin where one begins, next to pages that
// nobody may read or write.
type fenced struct {
	*cpu.Device
	first bool
}

func (f fenced) New(s tensor.Shape) (tensor.Buffer, error) {
	const page = 4096
	size := int(s.Type.Bytes(s.Count))
	room := (size + page - 1) / page * page
	memory, err := syscall.Mmap(-1, 0, room+2*page, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_PRIVATE|syscall.MAP_ANON)
	if err != nil {
		return nil, err
	}
	for _, fence := range [][]byte{memory[:page], memory[page+room:]} {
		if err := syscall.Mprotect(fence, syscall.PROT_NONE); err != nil {
			return nil, err
		}
	}
	from := page + room - size
	if f.first {
		from = page
	}
	return ref.NewBufferIn(s, memory[from:from+size], func() error { return syscall.Munmap(memory) })
}

// TestKernelsTouchNothingBesideTheirTensors: a kernel that reads or writes behind a tensor ends the test.
func TestKernelsTouchNothingBesideTheirTensors(t *testing.T) {
	for i, v := range cpu.Available() {
		for _, first := range []bool{false, true} {
			d := fenced{cpu.New(cpu.WithCores(1+i), cpu.WithVectors(v)), first}
			require.NoError(t, tensortest.Compare(d, uint64(77+i)<<40, *rounds))
		}
	}
}

var long = flag.Int("long", 3, "the number of long sums on each device")

// TestLongSumsOfTheLargestProductsAreThoseOfTheReference: the longest sum has 2^30, over lengths around those of vectors.
func TestLongSumsOfTheLargestProductsAreThoseOfTheReference(t *testing.T) {
	const lowest = 0x80 // -128
	source := tensortest.NewSource(99)
	for range *long {
		k := 4 * (1 + source.Below(1<<14))
		if source.One(2) {
			k = tensor.MaxK
		}
		m, n := 1+source.Below(9), 1+source.Below(9)
		op := &tensor.Gemm{A: at(1), W: at(2), Out: at(3), Batch: 1 + source.Below(2), M: m, N: n, K: k, SharedW: source.One(2)}
		weights := uint64(op.Batch)
		if op.SharedW {
			weights = 1
		}
		a := make([]byte, uint64(op.Batch*m)*uint64(k))
		w := make([]byte, weights*uint64(n)*uint64(k))
		for i := range a {
			a[i] = lowest
		}
		for i := range w {
			w[i] = lowest
			if i/int(k)%2 == 1 {
				w[i] = 127
			}
		}
		c := tensortest.Case{Op: op, Tensors: []tensortest.Tensor{
			{Shape: tensor.Shape{Type: tensor.S8, Count: uint64(len(a))}, Bytes: a},
			{Shape: tensor.Shape{Type: tensor.S8, Count: uint64(len(w))}, Bytes: w},
			{Shape: tensor.Shape{Type: tensor.S32, Count: uint64(op.Batch * m * n)}, Bytes: make([]byte, 4*op.Batch*m*n)},
		}}
		for i, v := range cpu.Available() {
			require.NoError(t, c.Same(fenced{cpu.New(cpu.WithCores(1+i), cpu.WithVectors(v)), false}))
		}
	}
}
