package apart

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/tensor"
	"github.com/thetaedge/theta/tensor/cpu"
	"github.com/thetaedge/theta/tensor/ref"
	"github.com/thetaedge/theta/tensor/tensortest"
)

// shaped is a tensor of which nothing but the shape is asked for.
type shaped struct {
	tensor.Buffer

	shape tensor.Shape
}

func (s shaped) Shape() tensor.Shape { return s.shape }

// alone is a device that executes each call apart.
type alone struct {
	tensor.Device

	found []uint64
}

func (a *alone) Submit(calls []tensor.Call) error {
	for _, call := range calls {
		found, err := Run(call)
		if err != nil {
			return err
		}
		a.found = append(a.found, found...)
	}
	return nil
}

func (a *alone) Wait() ([]uint64, error) {
	found := a.found
	a.found = nil
	return found, nil
}

func TestOperationsExecutedApartGiveTheBitsOfTheReference(t *testing.T) {
	require.NoError(t, tensortest.Compare(&alone{Device: ref.NewDevice()}, 1<<40, 2))
}

// An operation on a part of a large tensor does not copy all of it.
func TestHostCopiesWhatAnOperationTakes(t *testing.T) {
	b := shaped{shape: tensor.Shape{Type: tensor.S8, Count: 1 << 40}}
	op := &tensor.Gather{
		Table: tensor.Operand{Tensor: 1, Offset: 1 << 30}, Index: tensor.Operand{Tensor: 2, Offset: 1}, Out: tensor.Operand{Tensor: 1},
		Rows: 3, Cols: 8, Count: 2,
	}
	index := shaped{shape: tensor.Shape{Type: tensor.S32, Count: 3}}
	found, err := extentsOf(tensor.Call{Op: op, Buffers: []tensor.Buffer{b, index, b}})
	require.NoError(t, err)
	require.Equal(t, extents{0: {b, 1 << 30, 1<<30 + 24, false}, 1: {index, 4, 12, false}, 2: {b, 0, 16, true}}, found)
	host := cpu.New()
	plain, err := found.call(tensor.Call{Op: op, Buffers: make([]tensor.Buffer, 3)}, host)
	require.NoError(t, err)
	require.Equal(t, tensor.Shape{Type: tensor.S8, Count: 24}, plain.Buffers[0].Shape())
	require.Equal(t, uint64(1<<30), op.Table.Offset, "the call itself stays as it is")
	require.NotSame(t, plain.Buffers[0], plain.Buffers[2])
	require.NoError(t, host.Close())
}
