package convert

import "fmt"

// write writes the parts in the order of the plan.
func (v *converter) write() error {
	for _, section := range v.options.Sections {
		if err := v.writer.Write(section.Name, section.Content); err != nil {
			return err
		}
	}
	for _, m := range v.outsides() {
		if err := v.writeOutside(m.name, m.from); err != nil {
			return err
		}
	}
	last, err := read(v.source, "model.norm.weight", v.config.HiddenSize)
	if err != nil {
		return err
	}
	if err := v.writeGain("", gain{"norm", last}); err != nil {
		return err
	}
	for index := range v.config.NumHiddenLayers {
		if err := v.writeLayer(index); err != nil {
			return err
		}
	}
	return v.writer.Close()
}

// outsideRows is the number of rows of embedding and output that are in memory at a time.
const outsideRows = 1024

// writeOutside writes embedding or output.
func (v *converter) writeOutside(name, from string) error {
	width := v.config.HiddenSize
	var scales []byte
	for row := 0; row < v.config.VocabSize; row += outsideRows {
		x := make([]float32, min(outsideRows, v.config.VocabSize-row)*width)
		if err := v.source.Read(from, row*width, x); err != nil {
			return fmt.Errorf("tensor %s: %w", from, err)
		}
		if err := finite(from, x); err != nil {
			return err
		}
		q := eight(x, width)
		scales = append(scales, q.scale...)
		if err := v.writer.Write(name+".weight", q.weight); err != nil {
			return err
		}
	}
	return v.writer.Write(name+".scale", scales)
}

func (v *converter) writeGain(prefix string, g gain) error {
	return v.writer.Write(prefix+g.name+".gain", points(g.numbers, g.places(), 2))
}

func (v *converter) writeLayer(index int) error {
	l, err := v.layer(index)
	if err != nil {
		return err
	}
	prefix := fmt.Sprintf("layers.%d.", index)
	for _, g := range l.norms() {
		if err := v.writeGain(prefix, g); err != nil {
			return err
		}
	}
	for _, m := range l.matrices() {
		if err := v.writeMatrix(prefix+m.name, m); err != nil {
			return err
		}
	}
	return nil
}

func (v *converter) writeMatrix(name string, m *matrix) error {
	var q quantized
	if v.grouped(m) {
		q = four(m.weights, m.k, v.options.Group)
	} else {
		q = eight(m.weights, m.k)
	}
	for _, part := range []struct {
		name    string
		content []byte
	}{
		{".weight", q.weight},
		{".gain", q.gain},
		{".zero", q.zero},
		{".scale", q.scale},
		{".bias", points(m.bias, m.places, 4)},
	} {
		if len(part.content) == 0 {
			continue
		}
		if err := v.writer.Write(name+part.name, part.content); err != nil {
			return err
		}
	}
	return nil
}
