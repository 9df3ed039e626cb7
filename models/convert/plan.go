package convert

import (
	"fmt"

	"github.com/thetaedge/theta/models/checkpoint"
	"github.com/thetaedge/theta/models/format"
)

// plan returns the parts of the file in their order. The places of gains depend on the weights.
func (v *converter) plan() ([]format.Part, error) {
	var parts []format.Part
	add := func(name, kind string, places int32, shape ...int) {
		p := format.Part{Name: name, Type: kind, Places: places}
		for _, size := range shape {
			p.Shape = append(p.Shape, uint32(size))
		}
		parts = append(parts, p)
	}
	c := v.config
	for _, section := range v.options.Sections {
		add(section.Name, format.Section, 0, len(section.Content))
	}
	for _, m := range v.outsides() {
		if err := checkpoint.Require(v.source, m.from, c.VocabSize, c.HiddenSize); err != nil {
			return nil, err
		}
		add(m.name+".weight", "s8", 0, c.VocabSize, c.HiddenSize)
		add(m.name+".scale", "scale", 0, c.VocabSize)
	}
	last, err := read(v.source, "model.norm.weight", c.HiddenSize)
	if err != nil {
		return nil, err
	}
	add("norm.gain", "s16", gain{numbers: last}.places(), c.HiddenSize)
	for index := range c.NumHiddenLayers {
		l, err := v.layer(index)
		if err != nil {
			return nil, err
		}
		prefix := fmt.Sprintf("layers.%d.", index)
		for _, g := range l.norms() {
			add(prefix+g.name+".gain", "s16", g.places(), len(g.numbers))
		}
		for _, m := range l.matrices() {
			v.planMatrix(add, prefix+m.name, m)
		}
	}
	return parts, nil
}

// planMatrix adds the parts of a matrix.
func (v *converter) planMatrix(add func(name, kind string, places int32, shape ...int), name string, m *matrix) {
	if v.grouped(m) {
		groups := m.k / v.options.Group
		add(name+".weight", "s4", 0, m.n, m.k)
		add(name+".gain", "s8", 0, m.n, groups)
		add(name+".zero", "s8", 0, m.n, groups)
	} else {
		add(name+".weight", "s8", 0, m.n, m.k)
	}
	add(name+".scale", "scale", 0, m.n)
	if m.bias != nil {
		add(name+".bias", "s32", m.places, m.n)
	}
}
