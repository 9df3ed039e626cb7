package tensortest

import (
	"fmt"

	"github.com/thetaedge/theta/tensor"
)

// Load is work for which fuel is measured against time: operations that run one after the other, as
// often as wanted, on tensors with their bytes. Handle i is Tensors[i-1].
type Load struct {
	// Name is an operation or a mix of operations, and Shape says how it differs from others of
	// that name.
	Name, Shape string
	Ops         []tensor.Op
	Tensors     []Tensor
	// Reads reports whether a program waits for the result each time.
	Reads bool
}

// Fuel is that of one turn, without reading.
func (l *Load) Fuel() uint64 { return tensor.FuelOf(l.Ops) }

// Making makes a load. Its tensors take memory, so that not all loads are made at once.
type Making struct {
	// Name and Shape are those of the load.
	Name, Shape string

	make func() ([]tensor.Op, []Tensor)
	// reads is Reads of the load.
	reads bool
}

// Make returns the load.
func (m Making) Make() Load {
	ops, tensors := m.make()
	return Load{Name: m.Name, Shape: m.Shape, Ops: ops, Tensors: tensors, Reads: m.reads}
}

// Loads lists the shapes of every operation for which back ends burn the least fuel in a second:
// those of models, those whose inner dimensions are as small as they may be, those with one long
// row, and odd ones; and after them mixes of operations. A requester chooses shapes, so that the
// slowest one bounds what a machine can promise.
func Loads() []Making {
	one := func(c Case) func() ([]tensor.Op, []Tensor) {
		return func() ([]tensor.Op, []Tensor) { return []tensor.Op{c.Op}, c.Tensors }
	}
	var all []Making
	for _, code := range tensor.Codes() {
		for _, size := range []struct {
			shape string
			make  func(tensor.Code) Case
		}{{"large", Large}, {"small", Small}} {
			all = append(all, Making{Name: code.String(), Shape: size.shape, make: func() ([]tensor.Op, []Tensor) { return one(size.make(code))() }})
		}
	}
	for _, odd := range Odd() {
		all = append(all, Making{Name: odd.Op.Code().String(), Shape: odd.Name, make: func() ([]tensor.Op, []Tensor) { return one(odd.Case())() }})
	}
	all = append(all, Making{Name: "clamp", Shape: "four elements, read", reads: true, make: func() ([]tensor.Op, []Tensor) {
		d := drawing{Source: NewSource(1), packed: true}
		op := &tensor.Clamp{X: d.operand(tensor.S32, 4), Out: d.operand(tensor.S32, 4), Count: 4, Low: -1, High: 1}
		return []tensor.Op{op}, d.tensors
	}})
	for _, mix := range []struct {
		name         string
		rows, layers uint32
	}{{"decode", 1, 4}, {"prefill", 64, 1}} {
		shape := fmt.Sprintf("%d rows, %d layers", mix.rows, mix.layers)
		all = append(all, Making{Name: mix.name, Shape: shape, reads: true, make: func() ([]tensor.Op, []Tensor) {
			return Layers(mix.rows, mix.layers)
		}})
	}
	return all
}
