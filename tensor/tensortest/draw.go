package tensortest

import (
	"encoding/binary"

	"github.com/thetaedge/theta/tensor"
)

// Draw returns a random case of an operation.
func Draw(s *Source, code tensor.Code) Case {
	d := drawing{Source: s}
	op := d.op(code)
	for range s.Below(3) {
		var key [32]byte
		for i := range 4 {
			binary.LittleEndian.PutUint64(key[8*i:], s.Uint64())
		}
		d.keys = append(d.keys, key)
	}
	return Case{Op: op, Tensors: d.tensors, Keys: d.keys}
}

// drawing collects the tensors of a case.
type drawing struct {
	*Source
	tensors []Tensor
	keys    [][32]byte
	// packed leaves no elements around operands.
	packed bool
}

// aligned returns a size from 1 to n whose elements take a multiple of four bytes.
func (d *drawing) aligned(n uint32, t tensor.Type) uint32 {
	unit := uint32(max(32/t.Bits(), 1))
	return d.Size(max(n/unit, 1)) * unit
}

// operand returns a place for elements in a tensor of its own, with other elements around it.
func (d *drawing) operand(t tensor.Type, count uint64) tensor.Operand {
	unit := max(32/t.Bits(), 1)
	var before, after uint64
	if !d.packed && d.One(2) {
		before = unit * uint64(d.Below(9))
	}
	if !d.packed && d.One(2) {
		after = uint64(d.Below(9))
	}
	shape := tensor.Shape{Type: t, Count: before + count + after}
	bytes := make([]byte, t.Bytes(shape.Count))
	d.elements(t, bytes)
	d.tensors = append(d.tensors, Tensor{shape, bytes})
	return tensor.Operand{Tensor: tensor.Handle(len(d.tensors)), Offset: before}
}

// maybe returns an operand, or none once in three times.
func (d *drawing) maybe(t tensor.Type, count uint64) tensor.Operand {
	if d.One(3) {
		return tensor.Operand{}
	}
	return d.operand(t, count)
}

// place returns an operand, or once in four times the place of the output.
func (d *drawing) place(t tensor.Type, count uint64, out tensor.Operand) tensor.Operand {
	if d.One(4) && d.tensors[out.Tensor-1].Shape.Type == t {
		return out
	}
	return d.operand(t, count)
}

// elements draws the elements of a tensor in one of several ways.
func (d *drawing) elements(t tensor.Type, bytes []byte) {
	way := d.Below(4)
	for i := 0; i < len(bytes); i += 4 {
		word := uint32(d.Uint64())
		switch {
		case way == 0:
		case t == tensor.S32:
			word = number(d, word, way)
		case t == tensor.Scales && i%8 == 0 && way == 3:
			word |= 1 << 30
		case t == tensor.Scales && i%8 == 4 && way > 1:
			word = 16 + word%48
		case t != tensor.Scales && way == 1 && d.One(4):
			word = 0x80808080
		}
		var four [4]byte
		binary.LittleEndian.PutUint32(four[:], word)
		copy(bytes[i:], four[:])
	}
}

// number draws a number of 32 bits: at the edges, or of the size of numbers in models.
func number(d *drawing, word uint32, way uint32) uint32 {
	edges := []uint32{0, 1, 0xffffffff, 0x7fffffff, 0x80000000, 0x80000001, 0x40000000, 0xc0000000}
	if way == 1 {
		if d.One(2) {
			return edges[d.Below(uint32(len(edges)))]
		}
		return uint32(int32(word) >> d.Below(32))
	}
	return uint32(int32(word) >> 12)
}

// scale draws the parameters of a scale.
func (d *drawing) scale() (m, e int32) {
	if d.One(4) {
		return int32(d.Uint64()), int32(d.Uint64())
	}
	return int32(d.Uint64()), int32(16 + d.Below(32))
}

// epsilon draws that of a norm.
func (d *drawing) epsilon() uint64 {
	if d.One(3) {
		return 0
	}
	return d.Uint64() >> (2 + d.Below(60))
}

// mask draws a mask for queries over keys.
func (d *drawing) mask(keys uint32) tensor.Mask {
	if d.One(3) {
		return tensor.Mask{}
	}
	m := tensor.Mask{Causal: true, Base: d.Below(keys + 3)}
	if d.One(2) {
		m.Window = d.Size(keys)
	}
	return m
}

// grid draws a program's table.
func (d *drawing) grid() (tensor.Grid, tensor.Operand) {
	g := tensor.Grid{Low: int32(number(d, uint32(d.Uint64()), 1+d.Below(2))), Step: d.Below(31), Intervals: d.Size(40)}
	return g, d.operand(tensor.S32, uint64(g.Intervals)+1)
}

// n returns the product of sizes.
func n(sizes ...uint32) uint64 {
	p := uint64(1)
	for _, s := range sizes {
		p *= uint64(s)
	}
	return p
}
